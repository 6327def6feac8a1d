SELECT id, tenant_id, name, role, coalesce(team_id, 0), created_ms FROM app_user
WHERE id = $1
