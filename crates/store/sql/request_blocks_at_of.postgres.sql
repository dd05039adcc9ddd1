select m.block, substring(b.body from (m.at + 1)::int for m.bytes::int)
from request_blocks as b join request_block_merchants as m on m.block = b.id
where b.last_ms >= $1 and b.last_ms < $2 and b.first_ms <= $1 and m.merchant = $3 and m.mode = $4
order by b.last_ms desc
