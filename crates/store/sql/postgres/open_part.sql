select to_char(open_part($1, $2, $3, $4), 'YYYY-MM-DD')
