select id, sealed, created, until from secrets where endpoint = $1 order by id
