-- Settles what is still under its lease; answers which that was. `state + 0` keeps the planner from joining
-- all live leases with all settlements.
with settled as (
  update posthorn.deliveries as d
  set state = case when p.deleted is not null then 5 when s.state = 4 and p.status = 0 then 0 else s.state end,
      at = case when p.deleted is not null then s.ends else s.at end,
      why = case when p.deleted is not null then 1 when s.state = 4 and p.status = 0 then null else s.why end,
      attempts = d.attempts + (s.number is not null)::integer
  from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
              $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[],
              $14::bigint[], $15::text[], $16::bytea[], $17::bytea[], $18::bytea[], $19::bigint[],
              $20::bigint[], $21::bigint[], $22::bigint[], $23::bytea[])
    as s(id, endpoint, claim, state, at, why, ends,
         tried_under, run, number, tried, late, status, error, error_detail, phases, peer, answer, truncated,
         signed_at, endpoint_version, contract, secrets)
  -- where its endpoint stands matters to what is due or parked
  left join posthorn.endpoints as p on p.id = case when s.state in (0, 4) then s.endpoint end
  where d.id = s.id and d.state + 0 = 1 and d.claim = s.claim
  returning s.*
), tried as (
  insert into posthorn.attempts(
    delivery, claim, run, number, at, late, status, error, error_detail, phases, peer, answer, truncated,
    signed_at, endpoint_version, contract, secrets)
  select id, tried_under, run, number, tried, late, status, error, error_detail, phases, peer, answer,
    truncated, signed_at, endpoint_version, contract, secrets
  from settled where number is not null
)
select id from settled
