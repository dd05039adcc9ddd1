select id, webhook_secret_test from merchants where substr(webhook_secret_test, 1, 4) <> $1 limit $2
