-- ?7: the event types as a JSON array
select count(*) from (
  select d.id
  from deliveries as d cross join events as e on e.id = d.id & ~1023
  where d.endpoint = ?1 and d.state = ?2 and d.state <> 1 and d.id > ?3 and d.id < ?4 and d.at < ?5
    and e.kind in (select value from json_each(?7))
  limit ?6)
