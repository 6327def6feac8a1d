UPDATE game
SET starts_ms = $2, ends_ms = $3, freeze_ms = $4, paused = $5, sign_up = $6, public_board = $7,
    team_size = $8, first_bonus = $9, second_bonus = $10, third_bonus = $11, threshold = $12,
    brackets = $13
WHERE tenant_id = $1
RETURNING tenant_id
