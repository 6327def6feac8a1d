SELECT tenant_id, starts_ms, ends_ms, freeze_ms, paused, sign_up, public_board, team_size,
       first_bonus, second_bonus, third_bonus, threshold, brackets
FROM game WHERE tenant_id > $1 ORDER BY tenant_id LIMIT $2
