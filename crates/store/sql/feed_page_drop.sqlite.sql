delete from feed_pages where feed = ?1 and page = ?2
