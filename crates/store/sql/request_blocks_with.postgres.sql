select i.block, b.body
from request_ids as i join request_blocks as b on b.id = i.block
where i.hash = $1
order by i.block desc
limit $2
