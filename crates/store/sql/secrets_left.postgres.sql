-- those that still sign at a time
select count(*) from secrets where endpoint = $1 and (until is null or until > $2)
