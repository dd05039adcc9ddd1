select min(id), (select count(*) from parts) from events
