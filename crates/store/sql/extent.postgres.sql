select min(id), (select count(*) from days) from events
