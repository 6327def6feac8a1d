SELECT id, tenant_id, challenge_id, owner_kind, owner_id, user_id, state, reason, base_ms,
       increment_ms, max_extensions, max_lifetime_ms, created_ms, expires_ms, queued_ms, running_ms,
       ended_ms, extensions, restarts, runtime, engine_id, host, endpoints, attempts, retry_ms,
       worker, problem, version, extended_ms, generation,
       grace_ms
FROM instance WHERE id = $1
