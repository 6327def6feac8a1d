-- One account's, along event_account, block by block.
WITH RECURSIVE block AS (
        SELECT (CAST($1 AS BIGINT) + 1) / 1024 AS number
        UNION ALL
        SELECT number + 1 FROM block
        WHERE number < (SELECT CASE WHEN chain.seq < $2 THEN chain.seq ELSE $2 END FROM chain) / 1024
)
SELECT seq, at_ms, tenant_id, action, actor_kind, actor_id, account_kind, account_id,
       challenge_id, lease_id, request_id, detail, hash
FROM block CROSS JOIN event
WHERE seq / 1024 = number AND account_kind = $4 AND account_id = $5
  AND seq > $1 AND seq < $2
  AND (tenant_id = $3 OR $3 = 0)
  AND (challenge_id = $6 OR $6 = 0)
  AND (action = $8 OR $8 = '')
  AND at_ms >= $9 AND at_ms < $10
  AND (lease_id = $7 OR $7 = '')
ORDER BY seq ASC
LIMIT $11
