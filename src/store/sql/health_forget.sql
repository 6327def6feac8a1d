DELETE FROM health WHERE tenant_id = $1
