DELETE FROM hint_unlock WHERE tenant_id = $1
