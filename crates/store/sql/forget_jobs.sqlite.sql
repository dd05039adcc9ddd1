-- ?3: the time in ms; ?4: how long the deployment keeps, in ms
delete from jobs where id in (
  select j.id
  from merchants as m cross join jobs as j
  where m.id > ?1 and m.id <= ?2 and m.legal_hold = 0 and j.merchant = m.id and j.state <> 0
    and j.over < ?3 - max(?4, coalesce(m.retention, 0))
  limit ?5)
