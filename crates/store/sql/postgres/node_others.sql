select node, seen from nodes where seen > now_ms() - 15000 and holder is distinct from $1 order by node
