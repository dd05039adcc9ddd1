select count(*) from (
  select id from deliveries where endpoint = $1 and state = 4 and state <> 1 limit $2) as counted
