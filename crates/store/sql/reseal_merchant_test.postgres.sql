update merchants set webhook_secret_test = $2 where id = $1
