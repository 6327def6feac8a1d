DELETE FROM award WHERE tenant_id = $1
