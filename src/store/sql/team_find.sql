SELECT id, tenant_id, name, created_ms FROM team WHERE tenant_id = $1 AND name = $2
