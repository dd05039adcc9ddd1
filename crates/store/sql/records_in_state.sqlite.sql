select id, kind, merchant, mode, version, state, reference, parent, wake, body from records
where merchant = ?1 and mode = ?2 and kind = ?3 and id < ?4 and state = ?6
order by id desc
limit ?5
