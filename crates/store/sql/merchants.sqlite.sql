select id, name, contract, reference, strict_catalogue, retention, legal_hold, clock_offset,
  webhook_secret_test, webhook_secret_live, created, rate_limits
from merchants order by id
