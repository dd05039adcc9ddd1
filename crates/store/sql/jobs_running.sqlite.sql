select id, merchant, mode, kind, state, over, total, done, cursor, created
from jobs indexed by jobs_running where state = 0 order by id
