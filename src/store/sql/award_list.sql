SELECT id, tenant_id, account_kind, account_id, value, reason, by_id, at_ms, seq
FROM award WHERE id > $1 ORDER BY id LIMIT $2
