-- ?1: deliveries as a JSON array; the last attempt of each
select a.claim, a.run, a.number, a.at, a.late, a.status, a.error, a.error_detail, a.phases, a.peer,
  a.answer, a.truncated, a.signed_at, a.endpoint_version, a.contract, a.secrets, a.delivery
from json_each(?1) join attempts as a on a.delivery = json_each.value
where a.claim = (select max(last.claim) from attempts as last where last.delivery = json_each.value)
