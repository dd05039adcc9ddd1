-- $7: the event types as a JSON array
select count(*) from (
  select d.id
  from deliveries as d join events as e on e.id = d.id & ~1023::bigint
  where d.endpoint = $1 and d.state = $2 and d.state <> 1 and d.id > $3 and d.id < $4 and d.at < $5
    and e.kind in (select jsonb_array_elements_text($7::text::jsonb))
  limit $6) as counted
