select id, merchant, mode, email, password, created
from logins where merchant = ?1 and mode = ?2 and id > ?3
order by id limit ?4
