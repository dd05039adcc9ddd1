select r.id, r.kind, r.merchant, r.mode, r.version, r.state, r.reference, r.parent, r.wake, r.body
from record_words_index f
join records r on r.id = f.rowid and r.merchant = ?1 and r.mode = ?2 and r.kind = ?3
where record_words_index match '"' || replace(replace(?6 || '"*', ' ', '"* AND "'), '_"*', '_"')
  and f.rowid < ?4 and (?7 is null or r.state = ?7)
order by f.rowid desc
limit ?5
