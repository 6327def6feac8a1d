UPDATE suspicion SET certainty = $2, evidence = $3 WHERE id = $1 RETURNING id
