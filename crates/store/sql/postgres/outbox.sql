-- the first in any case, and no more than about 4 MiB
select id, merchant, mode, kind, reference, data from (
  select *, sum(octet_length(data)) over (order by id) - octet_length(data) as before from (
    select id, merchant, mode, kind, reference, data from outbox where refused is null order by id limit $1
  ) as waiting
) as counted
where before < 4194304
order by id
