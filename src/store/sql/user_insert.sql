-- Team 0 is none.
INSERT INTO app_user (tenant_id, name, role, team_id, created_ms)
VALUES ($1, $2, $3, nullif(CAST($4 AS BIGINT), 0), $5)
RETURNING id
