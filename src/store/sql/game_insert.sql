INSERT INTO game (tenant_id) VALUES ($1)
