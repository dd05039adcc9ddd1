-- ?3: the time in ms since ids begin; ?4: how long the deployment keeps, in ms. What is being tried is
-- left for a later step.
select e.id
from merchants as m cross join events as e
where m.id > ?1 and m.id <= ?2 and m.legal_hold = 0 and e.merchant = m.id and e.mode in (0, 1)
  and e.id < (?3 - max(?4, coalesce(m.retention, 0))) << 22
  and not exists (
    select 1 from deliveries as d where d.id > e.id and d.id <= e.id + 1023 and d.state = 1)
limit ?5
