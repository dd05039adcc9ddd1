select id from endpoints indexed by endpoints_resting where status <> 0 order by id
