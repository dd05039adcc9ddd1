select r.id, r.kind, r.merchant, r.mode, r.version, r.state, r.reference, r.parent, r.wake, r.body
from record_words w
join records r on r.id = w.id and r.merchant = $1 and r.mode = $2 and r.kind = $3
where w.index @@ ('''' || replace($6, ' ', ''':* & ''') || ''':*')::tsquery and w.id < $4
  and ($7::smallint is null or r.state = $7)
order by w.id desc
limit $5
