UPDATE challenge SET present = 0 WHERE id = $1 RETURNING id
