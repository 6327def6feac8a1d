INSERT INTO policy (tenant_id, challenge_id, base_ms, increment_ms, max_extensions, max_lifetime_ms,
                    grace_ms)
VALUES ($1, nullif(CAST($2 AS BIGINT), 0), $3, $4, $5, $6, $7)
