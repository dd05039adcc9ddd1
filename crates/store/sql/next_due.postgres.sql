-- one probe an endpoint, many endpoints a look: the caller asks again with the last it was told
with recursive due(endpoint, at, place) as (
  (select endpoint, at, 1 from deliveries
   where state = 0 and endpoint > $1
   order by endpoint, at
   limit 1)
  union all
  select n.endpoint, n.at, due.place + 1
  from due
  cross join lateral (
    select endpoint, at from deliveries
    where state = 0 and endpoint > due.endpoint
    order by endpoint, at
    limit 1) as n
  where due.place < 256
)
select endpoint, at from due
