INSERT INTO submission (tenant_id, account_kind, account_id, user_id, challenge_id, at_ms, seq,
                        result, text, digest, owner_kind, owner_id, address, agent)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
RETURNING id
