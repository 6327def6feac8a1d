SELECT id, tenant_id, name, created_ms, captain_id, invite, standing, bracket FROM team
WHERE id > $1 ORDER BY id LIMIT $2
