SELECT seq, at_ms, hash, public_key, signature FROM checkpoint
WHERE seq > $1 ORDER BY seq LIMIT $2
