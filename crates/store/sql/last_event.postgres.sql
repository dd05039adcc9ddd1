select max(id) from events
