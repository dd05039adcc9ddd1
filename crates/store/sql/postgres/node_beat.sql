update nodes set seen = now_ms(), floor = greatest(floor, $3) where node = $1 and holder = $2 returning seen
