-- How often a merchant may ask its platform's own API, where its operator says otherwise than its contract: JSON.
alter table merchants add column rate_limits text;
