select state, claim from deliveries where id = $1
