INSERT INTO event (seq, at_ms, tenant_id, action, actor_kind, actor_id, account_kind, account_id,
                   challenge_id, lease_id, request_id, detail, hash)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
