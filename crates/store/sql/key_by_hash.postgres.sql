select id, merchant, mode, kind, hint, hash, shown, created, last_used, revoked
from keys where hash = $1
