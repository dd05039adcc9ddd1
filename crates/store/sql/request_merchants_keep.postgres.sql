-- $2: owners with where their calls are, as JSON
insert into request_block_merchants(merchant, mode, block, at, bytes)
select (section ->> 0)::bigint, (section ->> 1)::bigint, $1::bigint, (section ->> 2)::bigint, (section ->> 3)::bigint
from jsonb_array_elements($2::text::jsonb) as sections(section)
