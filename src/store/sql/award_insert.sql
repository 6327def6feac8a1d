INSERT INTO award (tenant_id, account_kind, account_id, value, reason, by_id, at_ms, seq)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
RETURNING id
