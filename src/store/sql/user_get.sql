SELECT id, tenant_id, name, role, coalesce(team_id, 0), created_ms, coalesce(display_name, ''),
       standing, bracket, CASE WHEN password <> '' THEN 1 ELSE 0 END
FROM app_user
WHERE id = $1
