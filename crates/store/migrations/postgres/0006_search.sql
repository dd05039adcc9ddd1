-- What records are found by: their words.
-- They are folded (posthorn_core::search), and stand behind a word for whose they are and what, `_merchant_mode_kind_`, which no text can hold.
-- In the index that word is the beginning of each: what others' records have costs a search nothing.
create table record_words(
  id    bigint primary key,  -- the record's
  words text   not null,     -- a blank between two
  index tsvector generated always as (
    array_to_tsvector(string_to_array(replace(words, ' ', ' ' || split_part(words, ' ', 1)), ' '))
  ) stored
);
create index record_words_index on record_words using gin(index);
-- Records with such words, in no order: at most so many, and one more. An index of this kind is read by bitmaps alone, which no other
-- statement wants.
create function record_words_some(wanted tsquery, most integer) returns setof bigint language sql stable
set enable_bitmapscan = on set enable_indexscan = off set enable_seqscan = off
as 'select id from posthorn.record_words where index @@ wanted limit most + 1';
