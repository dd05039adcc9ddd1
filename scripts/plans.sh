#!/usr/bin/env bash
# The plans that a PostgreSQL would keep for the statements of the hot path: `plans.sh URL` of a database that a server
# has used. Fails when one of them walks a table of the record from end to end.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/need.sh

database=${1:?the URL of a database, such as one that './x bench --old 100' made}
sql=crates/store/sql
settings="set plan_cache_mode = force_generic_plan; set jit = off; set search_path = posthorn;"
probes="set enable_seqscan = off; set enable_bitmapscan = off; set enable_hashjoin = off; set enable_mergejoin = off;
  set enable_material = off;"

plan() {  # FILE SETTINGS
  local count values
  count=$(grep -oE '\$[0-9]+' "$1" | tr -d '$' | sort -n | tail -1)
  values=$(yes null | head -n "${count:-0}" | paste -sd, -)
  psql -X -q -A -t -d "$database" <<SQL
$settings $2
prepare planned as $(cat "$1");
explain (costs off) execute planned${values:+($values)};
SQL
}

# Each step in a line, with the condition that its index is asked by. Parts are many and alike: once, without their names.
shape() {
  awk '/^ *Index Cond:/ { sub(/^ */, ""); line = line "  " $0; next } NR > 1 { print line } { line = $0 } END { print line }' |
    grep -E '^[^:]*(Scan|Append|Join|Nested Loop|Limit|LockRows|Sort|Update|Insert|Delete|CTE|Aggregate|Unique|Result|WindowAgg)\b' |
    sed -E 's/_(default|[0-9]{8})(_|\b)/_*\2/g; s/\b([a-z]+|deliveries|events|attempts)_[0-9]+\b/\1/g' | uniq
}

walks=0
for file in $sql/postgres/{accept_batch,accept_sweep,claim_batch,release_batch,settle_batch,stand_batch,node_beat,node_company,changes,outbox}.sql \
  $sql/{next_due,next_due_of,expired,event,delivery,attempts,once_find,settle}.postgres.sql; do
  case $file in *_batch.sql | *_sweep.sql) extra=$probes ;; *) extra= ;; esac
  name=$(basename "$file" .sql)
  planned=$(plan "$file" "$extra")
  echo "== ${name%.postgres}"
  shape <<<"$planned"
  if grep -E 'Seq Scan on (events|deliveries|attempts)' <<<"$planned"; then walks=$((walks + 1)); fi
done
[ $walks = 0 ] || die "$walks statements walk a table of the record from end to end"
