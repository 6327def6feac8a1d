DELETE FROM suspicion WHERE tenant_id = $1
