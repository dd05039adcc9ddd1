select e.id, e.merchant, e.mode, e.kind, e.at, e.reference, e."only", e.data, e.about
from event_references as r join events as e on e.id = r.event
where r.merchant = $1 and r.mode = $2 and r.reference = $3
