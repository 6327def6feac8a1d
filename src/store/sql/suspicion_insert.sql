INSERT INTO suspicion (tenant_id, challenge_id, one_kind, one_id, other_kind, other_id, certainty, evidence,
                       at_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
RETURNING id
