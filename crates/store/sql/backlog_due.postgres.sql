select count(*), min(id) from (select id from deliveries where state = 0 limit 1000000) as counted
