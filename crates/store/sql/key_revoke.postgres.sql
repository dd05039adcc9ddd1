update keys set revoked = $3 where id = $2 and merchant = $1 and revoked is null
