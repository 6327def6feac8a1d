-- What became of a challenge's instances, by their leases.
SELECT COUNT(*),
       COUNT(CASE WHEN running_ms > 0 THEN 1 END),
       COUNT(CASE WHEN reason = 'failed_create' THEN 1 END),
       COUNT(CASE WHEN reason = 'lost' THEN 1 END)
FROM instance
WHERE challenge_id = $1
