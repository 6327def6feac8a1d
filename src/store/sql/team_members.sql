SELECT id FROM app_user WHERE tenant_id = $1 AND team_id = $2 ORDER BY id
