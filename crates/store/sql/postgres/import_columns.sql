select a.attname::text, t.typname::text
from pg_attribute as a join pg_type as t on t.oid = a.atttypid
where a.attrelid = $1::text::regclass and a.attnum > 0 and not a.attisdropped
