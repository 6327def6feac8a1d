SELECT id, text, present FROM challenge WHERE tenant_id = $1 AND slug = $2
