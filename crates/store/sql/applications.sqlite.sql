select id, merchant, mode, client, name, kind, redirects, hint, secret, created, deleted
from applications where merchant = ?1 and mode = ?2 and id > ?3 and deleted is null
order by id limit ?4
