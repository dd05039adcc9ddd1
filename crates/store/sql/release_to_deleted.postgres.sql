-- a lease given back whose endpoint was deleted meanwhile: no sweep will come by again
update deliveries set state = 5, why = 1
where id = $1 and state = 0
  and endpoint = (select e.id from endpoints as e
                  where e.id = deliveries.endpoint and e.deleted is not null)
