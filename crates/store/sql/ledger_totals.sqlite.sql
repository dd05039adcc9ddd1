select asset, account, sum(minor) as minor from balances group by asset, account order by asset, account
