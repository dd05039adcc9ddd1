select id, merchant, mode, kind, at, reference, only, data, about from events
where merchant = ?1 and mode = ?2 and id > ?3
order by id
limit ?4
