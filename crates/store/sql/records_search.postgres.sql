-- few are sorted; where there are many, the next page of them is near, unless they stand all together far away
with asked as materialized (
  select (substr(replace(substr($6, strpos($6, ' ')), ' ', ''':* & ''' || split_part($6, ' ', 1)), 7) || ''':*')::tsquery as wanted
), few as materialized (
  select found.id from asked, posthorn.record_words_some(asked.wanted, 1000) found(id)
)
(select r.id, r.kind, r.merchant, r.mode, r.version, r.state, r.reference, r.parent, r.wake, r.body
 -- each by its id: without statistics another index looks as good
 from few cross join lateral (select * from records one where one.id = few.id offset 0) r
 where (select count(*) from few) <= 1000 and few.id < $4
   and r.merchant = $1 and r.mode = $2 and r.kind = $3 and ($7::smallint is null or r.state = $7)
 order by few.id desc
 limit $5)
union all
(select r.id, r.kind, r.merchant, r.mode, r.version, r.state, r.reference, r.parent, r.wake, r.body
 from records r
 where (select count(*) from few) > 1000
   and r.merchant = $1 and r.mode = $2 and r.kind = $3 and r.id < $4 and ($7::smallint is null or r.state = $7)
   and (select w.index @@ (select wanted from asked) from record_words w where w.id = r.id)
 order by r.id desc
 limit $5)
