select m.block, substr(b.body, m.at + 1, m.bytes)
from request_block_merchants as m cross join request_blocks as b on b.id = m.block
where m.merchant = ?4 and m.mode = ?5 and m.block <= ?1 and m.block >= ?2
order by m.block desc
limit ?3
