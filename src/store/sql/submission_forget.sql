DELETE FROM submission WHERE tenant_id = $1
