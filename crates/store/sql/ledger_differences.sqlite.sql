-- added up in two parts, which do not overflow however much was moved to and fro
select merchant, mode, account, asset, sum(billions), sum(rest), sum(held)
from (
  select merchant, mode, source as account, asset, -minor / 1000000000 as billions, -minor % 1000000000 as rest,
    0 as held
  from postings
  union all
  select merchant, mode, target, asset, minor / 1000000000, minor % 1000000000, 0 from postings
  union all
  select merchant, mode, account, asset, -minor / 1000000000, -minor % 1000000000, minor from balances
) as both_books
group by merchant, mode, account, asset
having sum(billions) * 1000000000 + sum(rest) <> 0
order by merchant, mode, asset, account
limit ?1
