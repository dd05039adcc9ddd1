update grants set revoked = ?2 where id = ?1 and revoked is null
