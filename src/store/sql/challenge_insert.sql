INSERT INTO challenge (tenant_id, slug, text, created_ms) VALUES ($1, $2, $3, $4) RETURNING id
