-- deleted ones too: their deliveries are still on record
select id from endpoints where merchant = $1 and mode = $2 order by id limit $3
