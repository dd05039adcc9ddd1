select t.kind, t.scopes, t.expires, t.spent, t.bound, g.id, g.application, g.merchant, g.mode, g.subject,
  case when g.revoked is null and a.deleted is null then 0 else 1 end
from tokens t join grants g on g.id = t.family join applications a on a.id = g.application
where t.hash = $1
