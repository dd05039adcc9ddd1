-- The numbers of a table's rows go on after this one; null where the database does not number them.
select setval(pg_get_serial_sequence($1, 'id'), $2)
