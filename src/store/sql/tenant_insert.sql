INSERT INTO tenant (slug, name, team_mode, max_leases, max_per_account, created_ms)
VALUES ($1, $2, $3, $4, $5, $6)
RETURNING id
