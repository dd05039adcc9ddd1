-- A piece of the past: 100,000 events, each with a delivery that has been made. `{piece}` counts from 0 and goes back
-- in time, `{pieces}` of them to 84 days.
set search_path = posthorn;
with span as (
  select (84 * 86400000.0 / {pieces})::bigint as ms,
         now_ms() - 1767225600000 - 86400000 - ({piece} + 1) * (84 * 86400000.0 / {pieces})::bigint as low),
ids as (
  select ((span.low + n * span.ms / 100000) << 22) | (63 << 16) | ((n % 64) << 10) as id, n
  from span, generate_series(0, 99999) as n),
e as (
  insert into events(id, merchant, mode, kind, at, data)
  select id, 1000000 + n % 100, 0, 'order.paid', (id >> 22) + 1767225600000, '{"order":1,"old":true}' from ids
  on conflict do nothing returning id),
d as (
  insert into deliveries(id, endpoint, state, at, attempts, claim)
  select id | 1, 1000000 + (id >> 10) % 1000, 2, (id >> 22) + 1767225600010, 1, 1 from e)
insert into attempts(delivery, claim, run, number, at, late, status, phases, peer, answer, truncated, signed_at,
                     endpoint_version, contract, secrets)
select id | 1, 1, 1, 1, (id >> 22) + 1767225600010, 0, 200, decode(repeat('00', 20), 'hex'), decode('7f000001', 'hex'),
       decode(repeat('61', 120), 'hex'), 0, 0, 1, 1, decode(repeat('00', 8), 'hex')
from e
