SELECT account_kind, account_id, challenge_id, hint, tenant_id, user_id, cost, at_ms, seq
FROM hint_unlock WHERE seq > $1 ORDER BY seq LIMIT $2
