-- Newest first.
SELECT challenge_id, at_ms, tenant_id, attempts, solves, recent_attempts, recent_solves, starts,
       failed_starts, failed_probes, lost, score
FROM health
WHERE challenge_id = $1
ORDER BY at_ms DESC
LIMIT $2
