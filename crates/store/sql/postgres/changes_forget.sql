delete from changes where number in (
  select number from changes where at < now_ms() - 3600000 order by number limit 1000)
