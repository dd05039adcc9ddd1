update grants set revoked = ?3 where subject = ?1 and application = ?2 and revoked is null
