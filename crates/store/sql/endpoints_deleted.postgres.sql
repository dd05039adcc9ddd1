-- $3 in real time, $4 on the merchant's clock, as the columns are
select id from endpoints
where merchant = $1 and mode = $2 and created <= $3 and deleted >= $4
order by id
limit $5
