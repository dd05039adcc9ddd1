select id, endpoint, claim from deliveries where state = 1 and at <= $1 order by at limit $2
