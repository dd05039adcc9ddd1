-- What a deployment says of itself, in JSON.
with key as (
  select value, substr(value, 1, 4) as current from posthorn.deployment where name = 'master_key_fingerprint'
)
select json_build_object(
  'servers', (select coalesce(json_agg(json_build_object('node', node, 'seen_ms_ago', now - seen) order by node), '[]')
              from posthorn.nodes, posthorn.now_ms() as now where seen > now - 60000),
  'importing', exists (select from posthorn.import where part = '' and not done),
  'contracts', (select coalesce(json_agg(contract), '[]') from (
    select contract from posthorn.merchants
    union select v.settings::json ->> 'contract' from posthorn.endpoints as e
          join posthorn.endpoint_versions as v on v.endpoint = e.id and v.version = e.version
          where e.deleted is null) as spoken where contract is not null),
  'key', (select encode(value, 'hex') from key),
  'sealed_otherwise',
    (select count(*) from posthorn.merchants, key where substr(webhook_secret_test, 1, 4) <> current)
    + (select count(*) from posthorn.merchants, key where substr(webhook_secret_live, 1, 4) <> current)
    + (select count(*) from posthorn.secrets, key where substr(sealed, 1, 4) <> current)
    + (select count(*) from posthorn.keys, key where shown is not null and substr(shown, 1, 4) <> current),
  'days_ahead', (select coalesce(max(first + days) - (now() at time zone 'utc')::date, 0)
                 from posthorn.parts where state = 0),
  'parts_unfinished', (select count(*) from posthorn.parts where state in (1, 3)),
  'outbox_refused', (select count(*) from posthorn.outbox where refused is not null),
  'outbox_waits_ms', (select coalesce(posthorn.now_ms() - min(at), 0) from posthorn.outbox where refused is null),
  'jobs_running', (select count(*) from posthorn.jobs where state = 0)
)::text
