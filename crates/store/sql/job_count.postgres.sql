select count(*) from (
  select id from deliveries
  where endpoint = $1 and state = $2 and state <> 1 and id > $3 and id < $4 and at < $5
  limit $6) as counted
