select claim, run, number, at, late, status, error, error_detail, phases, peer, answer, truncated,
  signed_at, endpoint_version, contract, secrets
from attempts where delivery = $1 order by claim
