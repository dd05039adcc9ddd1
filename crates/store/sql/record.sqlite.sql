select id, kind, merchant, mode, version, state, reference, parent, wake, body from records where id = ?1
