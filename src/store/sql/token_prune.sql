-- Sessions alone: tokens are kept for the list of them.
DELETE FROM token
WHERE kind = 'session' AND (revoked_ms BETWEEN 1 AND $1 OR expires_ms BETWEEN 1 AND $1)
