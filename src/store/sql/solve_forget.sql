DELETE FROM solve WHERE tenant_id = $1
