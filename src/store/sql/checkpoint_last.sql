SELECT seq, at_ms, hash, public_key, signature FROM checkpoint ORDER BY seq DESC LIMIT 1
