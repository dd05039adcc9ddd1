update jobs set state = $2, over = $3 where id = $1 and state = 0
