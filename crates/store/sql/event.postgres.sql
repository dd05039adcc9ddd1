select id, merchant, mode, kind, at, reference, "only", data, about from events where id = $1
