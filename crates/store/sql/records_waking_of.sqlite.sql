-- ?1: merchants with their time, as JSON pairs
select r.id, r.kind, r.merchant, r.mode, r.wake
from json_each(?1)
cross join records as r
  on r.merchant = json_each.value ->> 0 and r.mode = ?2 and r.wake <= json_each.value ->> 1
order by r.wake
limit ?3
