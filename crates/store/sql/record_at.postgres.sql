select id from records
where merchant = $1 and mode = $2 and kind = $3
order by id desc
limit 1 offset $4
