select id, merchant, mode, kind, reference, data from outbox where refused is null order by id limit $1
