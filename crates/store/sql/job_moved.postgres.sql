update jobs set done = done + $2, cursor = $3 where id = $1 and state = 0
