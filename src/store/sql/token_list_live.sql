-- What may still be used.
SELECT id, tenant_id, user_id, digest, label, created_ms, expires_ms, revoked_ms, kind FROM token
WHERE id > $1 AND revoked_ms = 0 AND (user_id = $2 OR $2 = 0) AND (tenant_id = $3 OR $3 = 0)
ORDER BY id LIMIT $4
