insert into endpoint_versions(endpoint, version, at, settings) values ($1, $2, $3, $4)
