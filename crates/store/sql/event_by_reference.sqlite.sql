select id, merchant, mode, kind, at, reference, only, data, about from events
where merchant = ?1 and mode = ?2 and reference = ?3 and reference is not null
