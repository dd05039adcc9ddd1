select version, at, settings from endpoint_versions
where endpoint = $1 and at <= $2
order by version desc
limit 1
