UPDATE app_user SET name = $2, role = $3, team_id = nullif(CAST($4 AS BIGINT), 0)
WHERE id = $1
RETURNING id
