update grants set revoked = ?2 where subject = ?1 and revoked is null
