select id, merchant, mode, kind, state, over, total, done, cursor, created
from jobs where state = 0 order by id
