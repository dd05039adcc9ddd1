insert into postings(at, merchant, mode, subject, source, target, asset, minor)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
