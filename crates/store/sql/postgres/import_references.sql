insert into posthorn.event_references(merchant, mode, reference, event)
select merchant, mode, reference, id from posthorn.events
where id = any($1::bigint[]) and reference is not null
