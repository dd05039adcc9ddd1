with referred as (
  insert into event_references(merchant, mode, reference, event)
  select $2, $3, $6::text, $1
  where $6::text is not null and not exists (select from events where id = $1)
)
insert into events(id, merchant, mode, kind, at, reference, "only", data, about)
values ($1, $2, $3, $4, $5, $6::text, $7, $8, $9)
on conflict(id) do nothing
