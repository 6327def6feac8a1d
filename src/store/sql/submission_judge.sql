UPDATE submission SET result = $2 WHERE id = $1 RETURNING id
