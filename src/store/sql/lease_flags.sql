-- Every flag that was derived.
SELECT id, tenant_id, challenge_id, owner_kind, owner_id, generation, ended_ms, grace_ms FROM instance
WHERE id > $1 AND generation > 0
ORDER BY id
LIMIT $2
