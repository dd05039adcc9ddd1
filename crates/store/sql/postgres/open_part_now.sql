select to_char(open_part(now_ms(), $1, $2, $3), 'YYYY-MM-DD')
