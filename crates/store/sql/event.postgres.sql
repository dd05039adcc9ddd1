select id, merchant, mode, kind, at, reference, "only", data from events where id = $1
