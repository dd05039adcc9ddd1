select min(id), 0 from events
