-- of every endpoint at once, as secrets_signing tells those of one
select s.endpoint, s.id, s.sealed, s.created, s.until
from endpoints as e join secrets as s on s.endpoint = e.id
where e.deleted is null
  and (s.until is null
       or s.until > (select n.created from secrets as n where n.endpoint = s.endpoint
                     order by n.id desc limit 1))
order by s.endpoint, s.until is not null, s.id desc
