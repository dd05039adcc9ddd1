-- nobody else changes it until the transaction ends
select id, endpoint, state from deliveries where id = $1 for update
