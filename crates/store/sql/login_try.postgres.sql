update logins
set tries = case when tried is null or tried < $4 then 1 else tries + 1 end,
  tried = case when tried is null or tried < $4 then $3 else tried end
where mode = $1 and email = $2
