INSERT INTO token (tenant_id, user_id, digest, label, created_ms, expires_ms, revoked_ms, kind)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
RETURNING id
