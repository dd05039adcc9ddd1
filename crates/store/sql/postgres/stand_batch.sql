-- Where endpoints stand is held, in the order of their places, before anything reads it.
select count(pg_advisory_xact_lock_shared($1::integer, place)) from unnest($2::integer[]) as place
