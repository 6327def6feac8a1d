SELECT id, tenant_id, name, role, coalesce(team_id, 0), created_ms FROM app_user
WHERE tenant_id = $1 AND name = $2
