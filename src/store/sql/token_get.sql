SELECT id, tenant_id, user_id, digest, label, created_ms, expires_ms, revoked_ms, kind FROM token
WHERE id = $1
