select m.block, substr(b.body, m.at + 1, m.bytes)
from request_ids as i
cross join request_block_merchants as m on m.block = i.block
cross join request_blocks as b on b.id = i.block
where i.hash = ?1 and m.merchant = ?3 and m.mode = ?4
order by i.block desc
limit ?2
