-- What records are found by: their words.
-- They are folded (posthorn_core::search), and stand behind a word for whose they are and what, `_merchant_mode_kind_`, which no text can hold.
create table record_words(
  id    integer primary key,  -- the record's
  words text    not null      -- a blank between two
) strict;
-- Each beginning of up to twelve letters is indexed for itself, in the records' order: a search for one word reads a page of them, not all.
create virtual table record_words_index using fts5(
  words, content = 'record_words', content_rowid = 'id', detail = none, prefix = '1 2 3 4 5 6 7 8 9 10 11 12',
  tokenize = "ascii tokenchars '_'"
);
create trigger record_words_insert after insert on record_words begin
  insert into record_words_index(rowid, words) values (new.id, new.words);
end;
create trigger record_words_update after update on record_words begin
  insert into record_words_index(record_words_index, rowid, words) values ('delete', old.id, old.words);
  insert into record_words_index(rowid, words) values (new.id, new.words);
end;
create trigger record_words_delete after delete on record_words begin
  insert into record_words_index(record_words_index, rowid, words) values ('delete', old.id, old.words);
end;
