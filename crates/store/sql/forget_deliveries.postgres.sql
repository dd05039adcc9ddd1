delete from deliveries where id >= $1 and id <= $2 returning state
