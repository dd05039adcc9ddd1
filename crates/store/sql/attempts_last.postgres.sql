-- $1: deliveries as a JSON array; the last attempt of each
select a.claim, a.run, a.number, a.at, a.late, a.status, a.error, a.error_detail, a.phases, a.peer,
  a.answer, a.truncated, a.signed_at, a.endpoint_version, a.contract, a.secrets, a.delivery
from jsonb_array_elements_text($1::text::jsonb) as wanted(id)
cross join lateral (
  select * from attempts where delivery = wanted.id::bigint order by claim desc limit 1) as a
