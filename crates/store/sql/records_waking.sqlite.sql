select id, kind, merchant, mode, wake from records
where wake <= ?1
order by wake
limit ?2
