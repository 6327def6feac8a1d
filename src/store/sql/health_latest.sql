-- The newest of each challenge.
SELECT health.challenge_id, at_ms, tenant_id, attempts, solves, recent_attempts, recent_solves, starts,
       failed_starts, failed_probes, lost, score
FROM (SELECT challenge_id, MAX(at_ms) AS newest_ms FROM health GROUP BY challenge_id) AS last
JOIN health ON health.challenge_id = last.challenge_id AND at_ms = newest_ms
