DELETE FROM solve WHERE account_kind = $1 AND account_id = $2 AND challenge_id = $3
RETURNING seq
