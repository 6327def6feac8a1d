-- The newest of each challenge.
SELECT challenge_id, at_ms, tenant_id, attempts, solves, recent_attempts, recent_solves, starts,
       failed_starts, failed_probes, lost, score
FROM health AS h
WHERE at_ms = (SELECT MAX(at_ms) FROM health WHERE health.challenge_id = h.challenge_id)
