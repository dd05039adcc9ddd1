delete from nodes where node = $1 and holder = $2
