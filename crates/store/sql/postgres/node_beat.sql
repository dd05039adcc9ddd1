-- Who was silent for longer than its transactions are let in begins anew: the others have gone on without it.
update nodes set seen = now_ms(), floor = greatest(floor, $3)
where node = $1 and holder = $2 and seen > now_ms() - 15000
returning seen
