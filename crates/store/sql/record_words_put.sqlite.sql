insert into record_words(id, words) values (?1, ?2)
on conflict(id) do update set words = excluded.words where words <> excluded.words
