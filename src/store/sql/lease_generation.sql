-- How many leases of the challenge the account has had.
SELECT coalesce(max(generation), 0) FROM instance
WHERE challenge_id = $1 AND owner_kind = $2 AND owner_id = $3
