-- $3: the time in ms since ids begin; $4: how long the deployment keeps, in ms. What has a day's table
-- goes with it; the rest is in the default ones. What is being tried is left for a later step.
select e.id
from merchants as m cross join lateral (
  select id from events_default
  where merchant = m.id and mode in (0, 1)
    and id < ($3::bigint - greatest($4::bigint, m.retention)) << 22
    and not exists (
      select from deliveries_default as d
      where d.id > events_default.id and d.id <= events_default.id + 1023 and d.state = 1)
  limit $5) as e
where m.id > $1 and m.id <= $2 and m.legal_hold = 0
limit $5
