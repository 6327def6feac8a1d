SELECT id, slug, name, team_mode, max_leases, max_per_account, created_ms FROM tenant
WHERE slug = $1
