-- A key that was kept for an event whose reference somebody else took at the same moment: of that event
-- nothing is written.
delete from posthorn.idempotency as i
using unnest($1::bigint[], $2::bigint[], $3::bytea[]) as n(id, scope, key)
where i.scope = n.scope and i.key = n.key and i.subject = n.id
  and not exists (select from posthorn.events as e where e.id = n.id)
