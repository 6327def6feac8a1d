INSERT INTO team (tenant_id, name, created_ms, name_key, captain_id, invite, standing, bracket)
VALUES ($1, $2, $3, nullif($4, ''), $5, $6, $7, $8)
RETURNING id
