select greatest(
  coalesce((select max(floor) from nodes), 0),
  coalesce((select id from events order by id desc limit 1), 0))
