update records set version = version + 1, state = ?3, reference = ?4, wake = ?5, body = ?6
where id = ?1 and version = ?2
