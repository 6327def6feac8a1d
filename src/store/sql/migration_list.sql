SELECT number, name, checksum, state FROM schema_migration ORDER BY number
