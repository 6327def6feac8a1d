-- The tables of the engine.  Times are milliseconds since 1970 in UTC; digests are hexadecimal.
--
-- "INTEGER PRIMARY KEY" is SQLite's own row number.  0001_init.postgres.sql makes the same columns
-- 64-bit identities on PostgreSQL.  Keys between tables carry the tenant, so that no row can point
-- into another one.

CREATE TABLE meta (
        key   TEXT PRIMARY KEY,
        value TEXT NOT NULL
);

CREATE TABLE tenant (
        id              INTEGER PRIMARY KEY,
        slug            TEXT NOT NULL UNIQUE,
        name            TEXT NOT NULL,
        team_mode       INTEGER NOT NULL DEFAULT 0 CHECK (team_mode IN (0, 1)),
        max_leases      BIGINT NOT NULL DEFAULT 0 CHECK (max_leases >= 0),
        max_per_account BIGINT NOT NULL DEFAULT 3 CHECK (max_per_account >= 0),
        created_ms      BIGINT NOT NULL
);

CREATE TABLE team (
        id         INTEGER PRIMARY KEY,
        tenant_id  BIGINT NOT NULL REFERENCES tenant (id),
        name       TEXT NOT NULL,
        created_ms BIGINT NOT NULL,
        UNIQUE (tenant_id, name),
        UNIQUE (tenant_id, id)
);

CREATE TABLE app_user (
        id         INTEGER PRIMARY KEY,
        tenant_id  BIGINT NOT NULL REFERENCES tenant (id),
        name       TEXT NOT NULL,
        role       TEXT NOT NULL CHECK (role IN ('player', 'organiser', 'admin')),
        team_id    BIGINT,
        created_ms BIGINT NOT NULL,
        UNIQUE (tenant_id, name),
        UNIQUE (tenant_id, id),
        FOREIGN KEY (tenant_id, team_id) REFERENCES team (tenant_id, id)
);
CREATE INDEX app_user_team ON app_user (tenant_id, team_id);

CREATE TABLE token (
        id         INTEGER PRIMARY KEY,
        tenant_id  BIGINT NOT NULL REFERENCES tenant (id),
        user_id    BIGINT NOT NULL,
        digest     TEXT NOT NULL UNIQUE CHECK (length(digest) = 64),
        label      TEXT NOT NULL,
        created_ms BIGINT NOT NULL,
        expires_ms BIGINT NOT NULL DEFAULT 0,
        revoked_ms BIGINT NOT NULL DEFAULT 0,
        FOREIGN KEY (tenant_id, user_id) REFERENCES app_user (tenant_id, id)
);
CREATE INDEX token_user ON token (tenant_id, user_id);

CREATE TABLE challenge (
        id         INTEGER PRIMARY KEY,
        tenant_id  BIGINT NOT NULL REFERENCES tenant (id),
        slug       TEXT NOT NULL,
        text       TEXT NOT NULL,
        present    INTEGER NOT NULL DEFAULT 1 CHECK (present IN (0, 1)),
        created_ms BIGINT NOT NULL,
        UNIQUE (tenant_id, slug),
        UNIQUE (tenant_id, id)
);

-- The tenant's default where challenge_id is null.
CREATE TABLE policy (
        id              INTEGER PRIMARY KEY,
        tenant_id       BIGINT NOT NULL REFERENCES tenant (id),
        challenge_id    BIGINT,
        base_ms         BIGINT NOT NULL CHECK (base_ms > 0),
        increment_ms    BIGINT NOT NULL CHECK (increment_ms > 0),
        max_extensions  BIGINT NOT NULL CHECK (max_extensions >= 0),
        max_lifetime_ms BIGINT NOT NULL CHECK (max_lifetime_ms >= base_ms),
        FOREIGN KEY (tenant_id, challenge_id) REFERENCES challenge (tenant_id, id)
);
CREATE UNIQUE INDEX policy_default ON policy (tenant_id) WHERE challenge_id IS NULL;
CREATE UNIQUE INDEX policy_challenge ON policy (tenant_id, challenge_id) WHERE challenge_id IS NOT NULL;

-- The lease: an account's hold on one running copy of a challenge.
CREATE TABLE instance (
        id              TEXT PRIMARY KEY,
        tenant_id       BIGINT NOT NULL REFERENCES tenant (id),
        challenge_id    BIGINT NOT NULL,
        owner_kind      TEXT NOT NULL CHECK (owner_kind IN ('user', 'team')),
        owner_id        BIGINT NOT NULL CHECK (owner_id > 0),
        user_id         BIGINT NOT NULL,
        state           TEXT NOT NULL CHECK (state IN ('pending', 'starting', 'running', 'stopping', 'ended')),
        reason          TEXT NOT NULL DEFAULT '',
        base_ms         BIGINT NOT NULL CHECK (base_ms > 0),
        increment_ms    BIGINT NOT NULL CHECK (increment_ms > 0),
        max_extensions  BIGINT NOT NULL CHECK (max_extensions >= 0),
        max_lifetime_ms BIGINT NOT NULL,
        created_ms      BIGINT NOT NULL,
        expires_ms      BIGINT NOT NULL,
        queued_ms       BIGINT NOT NULL,
        running_ms      BIGINT NOT NULL DEFAULT 0,
        extended_ms     BIGINT NOT NULL DEFAULT 0,
        ended_ms        BIGINT NOT NULL DEFAULT 0,
        extensions      BIGINT NOT NULL DEFAULT 0,
        restarts        BIGINT NOT NULL DEFAULT 0 CHECK (restarts >= 0),
        runtime         TEXT NOT NULL,
        engine_id       TEXT NOT NULL DEFAULT '',
        host            TEXT NOT NULL DEFAULT '',
        endpoints       TEXT NOT NULL DEFAULT '',
        attempts        BIGINT NOT NULL DEFAULT 0,
        retry_ms        BIGINT NOT NULL DEFAULT 0,
        worker          TEXT NOT NULL DEFAULT '',
        problem         TEXT NOT NULL DEFAULT '',
        version         BIGINT NOT NULL,
        -- I2
        CHECK (extensions >= 0 AND extensions <= max_extensions),
        CHECK (created_ms < expires_ms AND expires_ms <= created_ms + max_lifetime_ms),
        CHECK ((state = 'ended') = (ended_ms > 0)),
        CHECK (state <> 'ended' OR reason <> ''),
        FOREIGN KEY (tenant_id, challenge_id) REFERENCES challenge (tenant_id, id),
        FOREIGN KEY (tenant_id, user_id) REFERENCES app_user (tenant_id, id)
);
-- I1
CREATE UNIQUE INDEX instance_one_live ON instance (owner_kind, owner_id, challenge_id) WHERE state <> 'ended';
CREATE INDEX instance_live ON instance (id) WHERE state <> 'ended';
CREATE INDEX instance_live_tenant ON instance (tenant_id, state) WHERE state <> 'ended';
CREATE INDEX instance_live_runtime ON instance (runtime, state) WHERE state <> 'ended';
CREATE INDEX instance_queue ON instance (runtime, queued_ms) WHERE state = 'pending';
CREATE INDEX instance_ended ON instance (ended_ms, id) WHERE state = 'ended';
CREATE INDEX instance_ended_owner ON instance (owner_kind, owner_id, ended_ms) WHERE state = 'ended';

-- I8: a port belongs to one lease at a time, and only to a live one.
CREATE TABLE port (
        port        INTEGER PRIMARY KEY CHECK (port BETWEEN 1 AND 65535),
        instance_id TEXT NOT NULL REFERENCES instance (id)
);
CREATE INDEX port_instance ON port (instance_id);

-- The log.  No foreign keys: it outlives what it tells of.
CREATE TABLE event (
        seq          INTEGER PRIMARY KEY,
        at_ms        BIGINT NOT NULL,
        tenant_id    BIGINT NOT NULL,
        action       TEXT NOT NULL,
        actor_kind   TEXT NOT NULL,
        actor_id     BIGINT NOT NULL,
        account_kind TEXT NOT NULL,
        account_id   BIGINT NOT NULL,
        challenge_id BIGINT NOT NULL,
        lease_id     TEXT NOT NULL,
        request_id   TEXT NOT NULL,
        detail       TEXT NOT NULL,
        hash         TEXT NOT NULL
);
-- Within blocks of 1,024 rows: what is written at one time is at one place of each index, however
-- many accounts it is about.  A search looks into each block.
CREATE INDEX event_account ON event ((seq / 1024), account_kind, account_id, seq);
CREATE INDEX event_lease ON event ((seq / 1024), lease_id, seq);

-- The chain's last link: one row, whose lock orders the writers of several daemons.
CREATE TABLE chain (
        id   INTEGER PRIMARY KEY CHECK (id = 1),
        seq  BIGINT NOT NULL,
        hash TEXT NOT NULL
);
INSERT INTO chain (id, seq, hash) VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000');

CREATE TABLE checkpoint (
        seq        INTEGER PRIMARY KEY,
        at_ms      BIGINT NOT NULL,
        hash       TEXT NOT NULL,
        public_key TEXT NOT NULL,
        signature  TEXT NOT NULL
);
