SELECT id, tenant_id, title, text, by_id, at_ms, seq FROM announcement
WHERE tenant_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3
