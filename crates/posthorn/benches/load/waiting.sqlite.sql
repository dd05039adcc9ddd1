-- 100,000 events of the endpoints that are there, each with a delivery that failed once and waits for its retry: in an
-- hour, so that none is due while something else is measured. `{piece}` counts from 0.
begin immediate;
create temp table place as
  select id, merchant, mode, row_number() over (order by id) - 1 as place from endpoints;
create temp table waiting as
  with recursive n(n) as (select 0 union all select n + 1 from n where n < 99999)
  select ((unixepoch('now') * 1000 - 1767225600000 - 3600000 + {piece} * 100000 + n) << 22) | (63 << 16) as id,
    (n * 7919) % (select count(*) from place) as place, n
  from n;
insert into events(id, merchant, mode, kind, at, data)
  select waiting.id, merchant, mode, 'order.paid', (waiting.id >> 22) + 1767225600000,
    cast(printf('{"order":%d,"filling":"%s"}', n, hex(randomblob(235))) as blob)
  from waiting join place using (place) order by waiting.id;
insert into deliveries(id, endpoint, state, at, attempts, claim)
  select waiting.id | 1, place.id, 0, (unixepoch('now') + 3600 + n % 3600) * 1000, 1, 1
  from waiting join place using (place) order by waiting.id;
insert into attempts(delivery, claim, run, number, at, late, status, phases, peer, answer, truncated, signed_at,
                     endpoint_version, contract, secrets)
  select id | 1, 1, 1, 1, (id >> 22) + 1767225600010, 0, 500, zeroblob(20), x'7f000001', zeroblob(120), 0, 0, 1, 1,
    zeroblob(8)
  from waiting order by id;
commit;
