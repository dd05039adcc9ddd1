select id, merchant, mode, kind, state, over, total, done, cursor, created
from jobs where merchant = $1 and mode = $2 and id < $3 order by id desc limit $4
