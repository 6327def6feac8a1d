UPDATE tenant SET slug = $2, name = $3, team_mode = $4, max_leases = $5, max_per_account = $6
WHERE id = $1
RETURNING id
