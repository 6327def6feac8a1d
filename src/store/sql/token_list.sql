SELECT id, tenant_id, user_id, digest, label, created_ms, expires_ms, revoked_ms FROM token
WHERE id > $1 ORDER BY id LIMIT $2
