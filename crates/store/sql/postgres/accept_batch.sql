-- Events of many callers, with their keys, references and deliveries. Answers those that were written; of
-- the others the id, the key or the reference is known, and nothing of them is written.
with new as materialized (
  select n.*
  from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::bigint[], $6::text[], $7::bigint[],
              $8::bytea[], $9::bigint[], $10::bytea[], $11::bytea[], $12::bigint[])
    as n(id, merchant, mode, kind, at, reference, "only", data, scope, key, request, used)
  -- each a probe: a limit keeps the planner from reading the whole table instead
  left join lateral (select true as known from posthorn.events as e where e.id = n.id limit 1) as e on true
  left join lateral (select true as known from posthorn.idempotency as i
                     where i.scope = n.scope and i.key = n.key limit 1) as i on true
  left join lateral (select true as known from posthorn.event_references as r
                     where r.merchant = n.merchant and r.mode = n.mode and r.reference = n.reference
                     limit 1) as r on true
  where e.known is null and i.known is null and r.known is null
), keyed as (
  insert into posthorn.idempotency(scope, key, request, subject, at)
  select scope, key, request, id, used from new where key is not null
  on conflict do nothing
  returning subject
), referred as (
  insert into posthorn.event_references(merchant, mode, reference, event)
  select merchant, mode, reference, id from new
  where reference is not null and (key is null or id in (select subject from keyed))
  on conflict do nothing
  returning event
), written as (
  insert into posthorn.events(id, merchant, mode, kind, at, reference, "only", data)
  select id, merchant, mode, kind, at, reference, "only", data from new
  where (key is null or id in (select subject from keyed))
    and (reference is null or id in (select event from referred))
  returning id
), placed as (
  insert into posthorn.deliveries(id, endpoint, state, at, claim, why)
  select d.id, d.endpoint,
    case when p.deleted is not null then 5 when d.state = 4 and p.status = 0 then 0 else d.state end,
    case when p.deleted is not null then d.ends else d.at end,
    d.claim,
    case when p.deleted is not null then 1 when d.state = 4 and p.status = 0 then null else d.why end
  from unnest($13::bigint[], $14::bigint[], $15::bigint[], $16::bigint[], $17::bigint[], $18::bigint[],
              $19::bigint[])
    as d(id, endpoint, state, at, claim, why, ends)
  -- where its endpoint stands matters to what is due or parked
  left join posthorn.endpoints as p on p.id = case when d.state in (0, 4) then d.endpoint end
  where ((d.id & ~1023::bigint) in (select id from written)) is true
)
select id from written
