select count(*) from (
  select 1 from records where merchant = ?1 and mode = ?2 and kind = ?3 limit ?4) as counted
