-- No row where the account has it.
INSERT INTO hint_unlock (account_kind, account_id, challenge_id, hint, tenant_id, user_id, cost,
                         at_ms, seq)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT DO NOTHING
RETURNING seq
