insert into balances(merchant, mode, account, asset, minor)
values (?1, ?2, ?3, ?4, ?5)
on conflict(merchant, mode, account, asset) do update set minor = balances.minor + excluded.minor
returning minor
