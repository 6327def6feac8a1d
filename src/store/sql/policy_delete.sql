-- Challenge 0 is the default of the tenant.
DELETE FROM policy WHERE tenant_id = $1 AND coalesce(challenge_id, 0) = $2
