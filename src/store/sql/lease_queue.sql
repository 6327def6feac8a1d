-- The slots an account uses, and those it used since it asked, stand before its first waiting lease,
-- that one before its second.  So nobody's place gets worse because another account's lease ends.
-- A tenant that has all it may have does not stand in the way of others.
WITH sated AS (
        SELECT tenant.id AS sated_id FROM tenant
        WHERE max_leases > 0
          AND max_leases <= (SELECT count(*) FROM instance held
                             WHERE held.tenant_id = tenant.id
                               AND held.state <> 'ended' AND held.state <> 'pending')
), waiting AS (
        SELECT id AS waiting_id, queued_ms AS since_ms,
               row_number() OVER (PARTITION BY owner_kind, owner_id ORDER BY queued_ms, id)
               + (SELECT count(*) FROM instance busy
                  WHERE busy.owner_kind = asks.owner_kind AND busy.owner_id = asks.owner_id
                    AND busy.runtime = $1 AND busy.state <> 'ended' AND busy.state <> 'pending')
               + (SELECT count(*) FROM instance done
                  WHERE done.owner_kind = asks.owner_kind AND done.owner_id = asks.owner_id
                    AND done.runtime = $1 AND done.state = 'ended'
                    AND done.ended_ms >= asks.queued_ms AND done.running_ms > 0) AS turn
        FROM instance asks
        WHERE asks.state = 'pending' AND asks.runtime = $1
          AND asks.tenant_id NOT IN (SELECT sated_id FROM sated)
), head AS (
        SELECT waiting_id, turn FROM waiting ORDER BY turn, since_ms, waiting_id LIMIT $2
)
SELECT id, tenant_id, challenge_id, owner_kind, owner_id, user_id, state, reason, base_ms,
       increment_ms, max_extensions, max_lifetime_ms, created_ms, expires_ms, queued_ms, running_ms,
       ended_ms, extensions, restarts, runtime, engine_id, host, endpoints, attempts, retry_ms,
       worker, problem, version, extended_ms, generation,
       grace_ms
FROM head JOIN instance ON id = waiting_id
ORDER BY turn, queued_ms, id
