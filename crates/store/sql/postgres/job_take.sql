update jobs set holder = $2
where id = $1 and state = 0
  and (holder is null or holder = $2
       or not exists (select from nodes as n where n.holder = jobs.holder and n.seen > now_ms() - 15000))
