select id, merchant, mode, kind, state, over, total, done, cursor, created
from jobs where id = $1
