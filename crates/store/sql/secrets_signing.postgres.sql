-- without a clock: what stopped before the newest was made has stopped for good
select s.id, s.sealed, s.created, s.until
from secrets as s
where s.endpoint = $1
  and (s.until is null
       or s.until > (select n.created from secrets as n where n.endpoint = $1
                     order by n.id desc limit 1))
order by s.until is not null, s.id desc
