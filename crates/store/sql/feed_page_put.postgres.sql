insert into feed_pages(feed, page, text) values ($1, $2, $3)
on conflict(feed, page) do update set text = excluded.text
