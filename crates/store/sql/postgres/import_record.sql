insert into posthorn.import(part, rows, sha256, done) values ($1, $2, $3, $4)
on conflict(part) do update set rows = excluded.rows, sha256 = excluded.sha256, done = excluded.done
