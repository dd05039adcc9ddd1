-- $3: the time in ms since ids begin; $4: how long the deployment keeps, in ms: nobody keeps less, so
-- that younger days are not looked at
select d.id, case when e.mode = 0 then m.clock_offset else 0 end
from endpoints as e join merchants as m on m.id = e.merchant
  cross join lateral (
    select id from deliveries
    where endpoint = e.id and state in (0, 4) and state <> 1
      and id < ($3::bigint - $4::bigint) << 22
      and id < ($3::bigint - greatest($4::bigint, m.retention)) << 22
    order by id limit $5
    for update skip locked) as d
where e.id > $1 and e.id <= $2 and e.deleted is null and m.legal_hold = 0
limit $5
