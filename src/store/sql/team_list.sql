SELECT id, tenant_id, name, created_ms FROM team WHERE id > $1 ORDER BY id LIMIT $2
