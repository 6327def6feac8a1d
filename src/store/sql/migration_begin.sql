INSERT INTO schema_migration (number, name, checksum, applied_ms, state)
VALUES ($1, $2, $3, $4, 'applying')
