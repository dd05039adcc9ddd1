select id, merchant, mode, email, password, created
from logins where id = $1
