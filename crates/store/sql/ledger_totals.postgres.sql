select asset, account, sum(minor)::bigint as minor from balances group by asset, account order by asset, account
