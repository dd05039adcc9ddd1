-- $3: the time in ms; $4: how long the deployment keeps, in ms
delete from jobs where id in (
  select j.id
  from merchants as m join jobs as j on j.merchant = m.id
  where m.id > $1 and m.id <= $2 and m.legal_hold = 0 and j.state <> 0
    and j.over < $3::bigint - greatest($4::bigint, m.retention)
  limit $5)
