UPDATE app_user
SET name = $2, role = $3, team_id = nullif(CAST($4 AS BIGINT), 0), display_name = nullif($5, ''),
    display_key = nullif($6, ''), standing = $7, bracket = $8
WHERE id = $1
RETURNING id
