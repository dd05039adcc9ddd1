insert into merchants(
  name, contract, reference, strict_catalogue, retention, legal_hold, webhook_secret_test,
  webhook_secret_live, created)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
returning id
