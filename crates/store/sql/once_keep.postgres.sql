insert into idempotency(scope, key, request, subject, at)
values ($1, $2, $3, $4, $5)
