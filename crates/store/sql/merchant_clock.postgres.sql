update merchants set clock_offset = $2 where id = $1
