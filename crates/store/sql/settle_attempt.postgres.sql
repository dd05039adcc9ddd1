insert into attempts(
  delivery, claim, run, number, at, late, status, error, error_detail, phases, peer, answer,
  truncated, signed_at, endpoint_version, contract, secrets)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
