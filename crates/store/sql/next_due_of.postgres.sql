select at from deliveries where endpoint = $1 and state = 0 order by at limit 1
