UPDATE team
SET name = $2, name_key = nullif($3, ''), captain_id = $4, invite = $5, standing = $6, bracket = $7
WHERE id = $1
RETURNING id
