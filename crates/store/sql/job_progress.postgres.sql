update jobs set done = $2 where id = $1 and state = 0
