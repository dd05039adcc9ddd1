select id, sealed from secrets where substr(sealed, 1, 4) <> $1 limit $2
