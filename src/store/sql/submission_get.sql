SELECT id, tenant_id, account_kind, account_id, user_id, challenge_id, at_ms, seq, result, text, digest,
       owner_kind, owner_id, address, agent
FROM submission WHERE id = $1
