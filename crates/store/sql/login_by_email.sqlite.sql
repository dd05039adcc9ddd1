select id, merchant, mode, email, password, tries, created
from logins where mode = ?1 and email = ?2
