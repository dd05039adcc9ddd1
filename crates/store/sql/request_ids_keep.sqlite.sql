insert into request_ids(hash, block) select value, ?1 from json_each(?2)
