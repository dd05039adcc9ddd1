select number, kind, subject from changes where txid >= $1::text::xid8 order by number limit 10001
