select id, merchant, mode, kind, hint, hash, shown, created, last_used, revoked
from keys where merchant = $1 order by id
