-- one probe an endpoint: the caller asks again with the endpoint it was told
select endpoint, at from deliveries
where state = 0 and endpoint > $1
order by endpoint, at
limit 1
