select id from merchants where reference = $1 and reference is not null
