select min(wake) from records where wake is not null
