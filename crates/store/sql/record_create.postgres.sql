insert into records(id, kind, merchant, mode, version, state, reference, parent, wake, body)
values ($1, $2, $3, $4, 1, $5, $6, $7, $8, $9)
on conflict do nothing
