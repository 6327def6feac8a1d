INSERT INTO instance (id, tenant_id, challenge_id, owner_kind, owner_id, user_id, state, reason,
                      base_ms, increment_ms, max_extensions, max_lifetime_ms, created_ms,
                      expires_ms, queued_ms, running_ms, ended_ms, extensions, restarts, runtime,
                      engine_id, host, endpoints, attempts, retry_ms, worker, problem, version,
                      extended_ms, generation, grace_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
        $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31)
