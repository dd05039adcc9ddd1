select account, asset, minor from balances
where merchant = ?1 and mode = ?2
order by asset, account
