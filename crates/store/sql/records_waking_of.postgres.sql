select id, kind, merchant, mode, wake from records
where merchant = $1 and mode = $2 and wake <= $3
order by wake
limit $4
