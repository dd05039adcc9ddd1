select merchant, mode, account, asset, sum(posted) as posted, sum(held) as held
from (
  select merchant, mode, source as account, asset, -minor as posted, 0 as held from postings
  union all
  select merchant, mode, target, asset, minor, 0 from postings
  union all
  select merchant, mode, account, asset, 0, minor from balances
) as both_books
group by merchant, mode, account, asset
having sum(posted) <> sum(held)
order by merchant, mode, asset, account
limit ?1
