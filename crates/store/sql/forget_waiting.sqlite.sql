-- ?3: the time in ms since ids begin; ?4: how long the deployment keeps, in ms
select d.id, case when e.mode = 0 then m.clock_offset else 0 end
from endpoints as e cross join merchants as m cross join deliveries as d
where e.id > ?1 and e.id <= ?2 and e.deleted is null and m.id = e.merchant and m.legal_hold = 0
  and d.endpoint = e.id and d.state in (0, 4) and d.state <> 1
  and d.id < (?3 - max(?4, coalesce(m.retention, 0))) << 22
limit ?5
