SELECT base_ms, increment_ms, max_extensions, max_lifetime_ms, grace_ms FROM policy
WHERE tenant_id = $1 AND coalesce(challenge_id, 0) = $2
