-- The first time stays.
UPDATE token SET revoked_ms = CASE WHEN revoked_ms = 0 THEN $2 ELSE revoked_ms END
WHERE id = $1
RETURNING id
