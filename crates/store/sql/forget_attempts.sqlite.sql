delete from attempts
where (delivery, claim) in (
  select delivery, claim from attempts where delivery >= ?1 and delivery <= ?2 limit ?3)
