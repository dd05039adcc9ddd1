delete from feed_pages where feed = $1
