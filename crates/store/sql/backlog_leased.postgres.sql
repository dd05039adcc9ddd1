select count(*), min(id) from deliveries where state = 1 and at <= 9223372036854775807
