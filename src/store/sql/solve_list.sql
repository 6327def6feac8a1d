SELECT account_kind, account_id, challenge_id, tenant_id, user_id, submission_id, at_ms, seq
FROM solve WHERE seq > $1 ORDER BY seq LIMIT $2
