select id, kind, merchant, mode, version, state, reference, parent, wake, body from records
where merchant = ?1 and mode = ?2 and kind = ?3 and reference = ?4
