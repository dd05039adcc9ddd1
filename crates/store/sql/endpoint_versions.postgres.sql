select version, at, settings from endpoint_versions where endpoint = $1 order by version
