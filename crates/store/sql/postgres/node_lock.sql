select pg_advisory_xact_lock(1346895872, 2)
