-- Whether an import was begun and is not finished: then no server may start.
select 1::bigint from posthorn.import where part = '' and not done
