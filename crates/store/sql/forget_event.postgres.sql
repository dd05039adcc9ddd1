with referred as (delete from event_references where event = $1)
delete from events where id = $1
