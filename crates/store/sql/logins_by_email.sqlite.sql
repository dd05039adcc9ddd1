select id, merchant, mode, email, password, created
from logins where mode = ?1 and email = ?2
order by merchant limit ?3
