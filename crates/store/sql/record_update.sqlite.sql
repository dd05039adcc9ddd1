update records set version = version + 1, state = ?3, wake = ?5, body = ?6,
  -- a name that another has stays the other's
  reference = case when not exists (
    select 1 from records as other
    where other.merchant = records.merchant and other.mode = records.mode and other.kind = records.kind
      and other.reference = ?4 and other.id <> ?1) then ?4 end
where id = ?1 and version = ?2
