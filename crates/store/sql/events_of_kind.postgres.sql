select id, merchant, mode, kind, at, reference, "only" from events
where merchant = $1 and mode = $2 and id >= $3 and id < $4 and kind = $6
order by id desc
limit $5
