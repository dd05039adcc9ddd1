select m.block, substring(b.body from (m.at + 1)::int for m.bytes::int)
from request_block_merchants as m join request_blocks as b on b.id = m.block
where m.merchant = $4 and m.mode = $5 and m.block <= $1 and m.block >= $2
order by m.block desc
limit $3
