select id, at, subject, source, target, asset, minor from postings
where subject = ?1
order by id
