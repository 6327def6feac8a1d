CREATE TABLE IF NOT EXISTS schema_migration (
        number     INTEGER PRIMARY KEY,
        name       TEXT NOT NULL,
        checksum   TEXT NOT NULL,
        applied_ms BIGINT NOT NULL,
        state      TEXT NOT NULL CHECK (state IN ('applying', 'applied'))
)
