select request, subject, at from idempotency where scope = $1 and key = $2
