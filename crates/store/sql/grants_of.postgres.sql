select g.application, a.name, a.client, a.merchant, max(g.scopes & 1) + max(g.scopes & 2), min(g.created), count(*)
from grants g join applications a on a.id = g.application
where g.subject = $1 and g.application > $2 and g.revoked is null and g.forget >= $3 and a.deleted is null
group by g.application, a.name, a.client, a.merchant
order by g.application limit $4
