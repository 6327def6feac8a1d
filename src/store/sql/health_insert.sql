-- The first one of a moment stays.
INSERT INTO health (challenge_id, at_ms, tenant_id, attempts, solves, recent_attempts, recent_solves, starts,
                    failed_starts, failed_probes, lost, score)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT (challenge_id, at_ms) DO NOTHING
