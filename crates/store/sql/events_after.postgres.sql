-- ends after a mebibyte of data, as its caller does; the first is read in any case
select id, merchant, mode, kind, at, reference, "only", data, about
from (
  select id, merchant, mode, kind, at, reference, "only", data, about,
    sum(length(data)) over (order by id) - length(data) as before
  from (
    select id, merchant, mode, kind, at, reference, "only", data, about from events
    where merchant = $1 and mode = $2 and id > $3
    order by id
    limit $4) as next
) as counted
where before < 1048576
order by id
