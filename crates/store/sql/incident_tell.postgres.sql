update incidents set report = $2, resolved = $3, version = version + 1
where id = $1 and version = $4
