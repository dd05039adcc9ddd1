select value from deployment where name = $1
