update deliveries set state = 5, at = $1, why = 1
where state = 1 and at <= 9223372036854775807
  and endpoint = (select e.id from endpoints as e
                  where e.id = deliveries.endpoint and e.deleted is not null)
