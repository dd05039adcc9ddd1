select e.id, e.merchant, e.mode, e.version, v.settings, e.status, e.since, e.why, e.failing_since,
  e.created
from endpoints as e join endpoint_versions as v on v.endpoint = e.id and v.version = e.version
where e.deleted is null
order by e.id
