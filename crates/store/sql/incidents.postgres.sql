-- the last hundred, and whatever is not over yet
select id, report, opened, resolved, version from incidents
where id >= coalesce((select id from incidents where id > 0 order by id desc limit 1 offset 99), 0)
union all
select id, report, opened, resolved, version from incidents
where resolved is null and id < coalesce((select id from incidents where id > 0 order by id desc limit 1 offset 99), 0)
order by id desc
