select id, at, subject, source, target, asset, minor from postings
where merchant = $1 and mode = $2 and id < $3
order by id desc
limit $4
