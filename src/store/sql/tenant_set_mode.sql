UPDATE tenant SET team_mode = $2 WHERE id = $1 RETURNING id
