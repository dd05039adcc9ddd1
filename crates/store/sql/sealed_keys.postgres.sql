select id, shown from keys where shown is not null and substr(shown, 1, 4) <> $1 limit $2
