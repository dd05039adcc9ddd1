update merchants set name = $2, contract = $3, reference = $4, strict_catalogue = $5 where id = $1
