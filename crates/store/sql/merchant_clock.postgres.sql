-- it only goes forward, whoever writes last
update merchants set clock_offset = greatest(clock_offset, $2) where id = $1
