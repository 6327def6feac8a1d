-- Team 0 is none, a display name '' as well.
INSERT INTO app_user (tenant_id, name, role, team_id, created_ms, display_name, display_key,
                      standing, bracket, password)
VALUES ($1, $2, $3, nullif(CAST($4 AS BIGINT), 0), $5, nullif($6, ''), nullif($7, ''), $8, $9, $10)
RETURNING id
