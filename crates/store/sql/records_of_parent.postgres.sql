select id, kind, merchant, mode, version, state, reference, parent, wake, body from records
where parent = $1
order by id
limit $2
