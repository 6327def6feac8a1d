SELECT id, tenant_id, slug, text, present FROM challenge WHERE id > $1 ORDER BY id LIMIT $2
