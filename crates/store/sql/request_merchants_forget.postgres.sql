delete from request_block_merchants where block = $1
