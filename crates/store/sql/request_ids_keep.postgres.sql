insert into request_ids(hash, block)
select hash::bigint, $1::bigint from jsonb_array_elements_text($2::text::jsonb) as brought(hash)
