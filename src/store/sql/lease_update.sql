-- A change within a state; it touches no index.
UPDATE instance
SET created_ms = $4, expires_ms = $5, running_ms = $6, extensions = $7, restarts = $8,
    engine_id = $9, host = $10, endpoints = $11, attempts = $12, retry_ms = $13,
    worker = $14, problem = $15, version = $16, reason = $17, extended_ms = $18
WHERE id = $1 AND state = $2 AND version = $3
