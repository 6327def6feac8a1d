INSERT INTO checkpoint (seq, at_ms, hash, public_key, signature) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (seq) DO NOTHING
