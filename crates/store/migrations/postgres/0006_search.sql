-- What records are found by: their words.
-- They are folded (posthorn_core::search), and stand behind a word for whose they are and what, `_merchant_mode_kind_`, which no text can hold.
create table record_words(
  id    bigint primary key,  -- the record's
  words text   not null,     -- a blank between two
  index tsvector generated always as (array_to_tsvector(string_to_array(words, ' '))) stored
);
create index record_words_index on record_words using gin(index);
