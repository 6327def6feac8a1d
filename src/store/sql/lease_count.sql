SELECT (SELECT count(*) FROM instance
        WHERE owner_kind = $1 AND owner_id = $2 AND state <> 'ended' AND state <> 'pending'),
       (SELECT count(*) FROM instance
        WHERE tenant_id = $3 AND state <> 'ended' AND state <> 'pending'),
       (SELECT count(*) FROM instance
        WHERE runtime = $4 AND state <> 'ended' AND state <> 'pending'),
       (SELECT count(*) FROM instance
        WHERE owner_kind = $1 AND owner_id = $2 AND state <> 'ended'),
       (SELECT count(*) FROM instance WHERE state = 'pending')
