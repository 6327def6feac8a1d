-- Newest first; 0 and '' stand for any.
SELECT id, tenant_id, challenge_id, one_kind, one_id, other_kind, other_id, certainty, evidence, at_ms,
       verdict, reviewer_id, reviewed_ms, review_seq, notes
FROM suspicion
WHERE id < $1 AND tenant_id = $2
  AND (challenge_id = $3 OR $3 = 0)
  AND ((one_kind = $4 AND one_id = $5) OR (other_kind = $4 AND other_id = $5) OR $5 = 0)
  AND (verdict = $6 OR $6 = '')
  AND certainty >= $7 AND certainty < $8
ORDER BY id DESC
LIMIT $9
