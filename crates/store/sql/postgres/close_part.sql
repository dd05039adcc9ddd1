select what, to_char(part, 'YYYY-MM-DD'), n from close_part($1, $2, $3)
