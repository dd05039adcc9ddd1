select id, name, contract, reference, strict_catalogue, clock_offset, webhook_secret_test,
  webhook_secret_live, created
from merchants order by id
