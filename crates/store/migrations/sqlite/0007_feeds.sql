-- The pages of feeds: all products of a merchant as one file, made once a day.
create table feed_pages(
  feed integer not null,  -- the number of one making of it
  page integer not null,
  text blob    not null,
  primary key(feed, page)
) strict;
