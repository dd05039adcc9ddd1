-- As old.sql, for the embedded database: 100,000 events of the endpoints that are there, each with a delivery that has
-- been made. `{piece}` counts from 0 and goes back in time, `{pieces}` of them to 84 days.
begin immediate;
create temp table place as
  select id, merchant, mode, row_number() over (order by id) - 1 as place from endpoints;
create temp table old as
  with recursive n(n) as (select 0 union all select n + 1 from n where n < 99999),
  span as (
    select (84 * 86400000) / {pieces} as ms,
      unixepoch('now') * 1000 - 1767225600000 - 86400000 - ({piece} + 1) * ((84 * 86400000) / {pieces}) as low)
  select ((span.low + n * span.ms / 100000) << 22) | (63 << 16) | ((n % 64) << 10) as id,
    (n * 7919) % (select count(*) from place) as place
  from span, n;
insert or ignore into events(id, merchant, mode, kind, at, data)
  select old.id, merchant, mode, 'order.paid', (old.id >> 22) + 1767225600000, cast('{"order":1,"old":true}' as blob)
  from old join place using (place) order by old.id;
insert or ignore into deliveries(id, endpoint, state, at, attempts, claim)
  select old.id | 1, place.id, 2, (old.id >> 22) + 1767225600010, 1, 1 from old join place using (place) order by old.id;
insert or ignore into attempts(delivery, claim, run, number, at, late, status, phases, peer, answer, truncated, signed_at,
                               endpoint_version, contract, secrets)
  select id | 1, 1, 1, 1, (id >> 22) + 1767225600010, 0, 200, zeroblob(20), x'7f000001', zeroblob(120), 0, 0, 1, 1,
    zeroblob(8)
  from old order by id;
commit;
