-- What a server says of itself and of this session, in JSON. $1: when a session before this one asked, by the
-- database's clock: a session that is older was handed on by a pooler.
select json_build_object(
  'version', current_setting('server_version'),
  'version_number', current_setting('server_version_num')::integer,
  'encrypted', coalesce((select ssl from pg_stat_ssl where pid = pg_backend_pid()), false),
  'handed_on', coalesce((select backend_start < to_timestamp($1::bigint / 1000.0) from pg_stat_activity
                         where pid = pg_backend_pid()), false),
  'now_ms', (extract(epoch from clock_timestamp()) * 1000)::bigint,
  'encoding', (select pg_encoding_to_char(encoding) from pg_database where datname = current_database()),
  'lacks', array_remove(array[
    case when pg_is_in_recovery() or current_setting('default_transaction_read_only') = 'on' then 'writing' end,
    case when not case when to_regnamespace('posthorn') is null
                       then has_database_privilege(current_database(), 'create')
                       else has_schema_privilege('posthorn', 'create') end then 'schema' end], null),
  'role', current_user,
  'connections_max', current_setting('max_connections')::integer
    - current_setting('superuser_reserved_connections')::integer,
  'settings', (select json_object_agg(name, setting) from pg_settings
               where name in ('fsync', 'synchronous_commit', 'full_page_writes', 'autovacuum'))
)::text
