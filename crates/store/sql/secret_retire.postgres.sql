update secrets set until = $2 where endpoint = $1 and (until is null or until > $2)
