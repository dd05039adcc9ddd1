update merchants
set name = ?2, contract = ?3, reference = ?4, strict_catalogue = ?5, retention = ?6,
  legal_hold = ?7, rate_limits = ?8
where id = ?1
