select m.block, substring(b.body from (m.at + 1)::int for m.bytes::int)
from request_ids as i
join request_block_merchants as m on m.block = i.block
join request_blocks as b on b.id = i.block
where i.hash = $1 and m.merchant = $3 and m.mode = $4
order by i.block desc
limit $2
