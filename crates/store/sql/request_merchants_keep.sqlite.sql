-- ?2: owners with where their calls are, as JSON
insert into request_block_merchants(merchant, mode, block, at, bytes)
select value ->> 0, value ->> 1, ?1, value ->> 2, value ->> 3 from json_each(?2)
