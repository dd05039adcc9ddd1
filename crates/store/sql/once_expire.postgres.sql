delete from idempotency
where (scope, key) in (
  select scope, key from idempotency where at < $1 order by at, key desc limit $2)
