-- The pages of feeds: all products of a merchant as one file, made once a day.
create table feed_pages(
  feed bigint  not null,  -- the number of one making of it
  page integer not null,
  text bytea   not null,
  primary key(feed, page)
);
