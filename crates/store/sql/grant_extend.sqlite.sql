update grants set forget = case when forget < ?2 then ?2 else forget end
where id = ?1 and revoked is null
