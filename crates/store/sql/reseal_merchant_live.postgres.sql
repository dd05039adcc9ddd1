update merchants set webhook_secret_live = $2 where id = $1
