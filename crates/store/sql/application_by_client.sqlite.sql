select id, merchant, mode, client, name, kind, redirects, hint, secret, created, deleted
from applications where client = ?1
