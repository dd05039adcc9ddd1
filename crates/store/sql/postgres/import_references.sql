insert into posthorn.event_references(merchant, mode, reference, event)
select merchant, mode, reference, id from posthorn.events
where id between $1 and $2 and reference is not null
