select id, webhook_secret_live from merchants where substr(webhook_secret_live, 1, 4) <> $1 limit $2
