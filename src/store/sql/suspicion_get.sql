SELECT id, tenant_id, challenge_id, one_kind, one_id, other_kind, other_id, certainty, evidence, at_ms,
       verdict, reviewer_id, reviewed_ms, review_seq, notes
FROM suspicion
WHERE id = $1
