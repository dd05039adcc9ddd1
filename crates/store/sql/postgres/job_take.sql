-- A clock is advanced by one server at a time, in the order of the advances: they are the jobs without an endpoint.
update jobs set holder = $2
where id = $1 and state = 0
  and (holder is null or holder = $2
       or not exists (select from nodes as n where n.holder = jobs.holder and n.seen > now_ms() - 15000))
  and not exists (
    select from jobs as o
    where jobs.endpoint is null and o.endpoint is null and o.merchant = jobs.merchant and o.state = 0
      and o.id < jobs.id and o.holder is distinct from $2)
