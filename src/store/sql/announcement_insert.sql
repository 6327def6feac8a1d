INSERT INTO announcement (tenant_id, title, text, by_id, at_ms, seq)
VALUES ($1, $2, $3, $4, $5, $6)
RETURNING id
