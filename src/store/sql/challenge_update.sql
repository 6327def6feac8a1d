UPDATE challenge SET text = $2, present = 1 WHERE id = $1
