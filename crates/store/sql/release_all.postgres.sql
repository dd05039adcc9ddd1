update deliveries set state = 0, at = $1 where state = 1 and at <= 9223372036854775807
