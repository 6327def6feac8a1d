SELECT id, tenant_id, challenge_id, one_kind, one_id, other_kind, other_id, certainty, evidence, at_ms,
       verdict, reviewer_id, reviewed_ms, review_seq, notes
FROM suspicion
WHERE challenge_id = $1 AND one_kind = $2 AND one_id = $3 AND other_kind = $4 AND other_id = $5
