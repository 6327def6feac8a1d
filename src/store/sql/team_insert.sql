INSERT INTO team (tenant_id, name, created_ms) VALUES ($1, $2, $3) RETURNING id
