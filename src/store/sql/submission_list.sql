-- Newest first; 0 and '' stand for any.
SELECT id, tenant_id, account_kind, account_id, user_id, challenge_id, at_ms, seq, result, text, digest,
       owner_kind, owner_id, address, agent
FROM submission
WHERE id < $1 AND tenant_id = $2
  AND (challenge_id = $3 OR $3 = 0)
  AND ((account_kind = $4 AND account_id = $5) OR $5 = 0)
  AND (result = $6 OR $6 = '')
ORDER BY id DESC
LIMIT $7
