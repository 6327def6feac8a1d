-- No row where the account has solved it.
INSERT INTO solve (account_kind, account_id, challenge_id, tenant_id, user_id, submission_id, at_ms,
                   seq)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT DO NOTHING
RETURNING seq
