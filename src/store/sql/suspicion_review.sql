UPDATE suspicion SET verdict = $2, reviewer_id = $3, reviewed_ms = $4, review_seq = $5, notes = $6
WHERE id = $1
RETURNING id
