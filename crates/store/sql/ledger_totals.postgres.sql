-- in two parts, which do not overflow however many merchants there are
select asset, account, sum(minor / 1000000000)::bigint as billions, sum(minor % 1000000000)::bigint as rest
from balances
group by asset, account
order by asset, account
