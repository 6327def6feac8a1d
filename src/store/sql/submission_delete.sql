DELETE FROM submission WHERE id = $1 RETURNING id
