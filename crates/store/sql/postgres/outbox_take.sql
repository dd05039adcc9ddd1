-- what another server relays at this moment it will have relayed
select id from outbox
where id = any(string_to_array($1::text, ',')::bigint[]) and refused is null
for update skip locked
