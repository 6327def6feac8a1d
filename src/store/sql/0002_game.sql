-- The game around the leases: who plays under which name, what was submitted and solved, hints,
-- awards, and what organisers say of it.

-- How a tenant plays.  One row a tenant, from its making on.
CREATE TABLE game (
        tenant_id    BIGINT PRIMARY KEY REFERENCES tenant (id),
        starts_ms    BIGINT NOT NULL DEFAULT 0,
        ends_ms      BIGINT NOT NULL DEFAULT 0,
        freeze_ms    BIGINT NOT NULL DEFAULT 0,
        paused       INTEGER NOT NULL DEFAULT 0 CHECK (paused IN (0, 1)),
        sign_up      INTEGER NOT NULL DEFAULT 0 CHECK (sign_up IN (0, 1)),
        public_board INTEGER NOT NULL DEFAULT 0 CHECK (public_board IN (0, 1)),
        team_size    BIGINT NOT NULL DEFAULT 0 CHECK (team_size >= 0),
        first_bonus  BIGINT NOT NULL DEFAULT 0 CHECK (first_bonus BETWEEN 0 AND 1000),
        second_bonus BIGINT NOT NULL DEFAULT 0 CHECK (second_bonus BETWEEN 0 AND 1000),
        third_bonus  BIGINT NOT NULL DEFAULT 0 CHECK (third_bonus BETWEEN 0 AND 1000),
        threshold    BIGINT NOT NULL DEFAULT 75 CHECK (threshold BETWEEN 1 AND 100),
        brackets     TEXT NOT NULL DEFAULT '',
        CHECK (ends_ms = 0 OR ends_ms > starts_ms)
);
INSERT INTO game (tenant_id) SELECT id FROM tenant;

-- The name on the board is null until one is chosen; the key is what no two may share.  A password
-- is Argon2id in libsodium's form, '' where there is none.
ALTER TABLE app_user ADD COLUMN display_name TEXT;
ALTER TABLE app_user ADD COLUMN display_key TEXT;
ALTER TABLE app_user ADD COLUMN password TEXT NOT NULL DEFAULT '';
ALTER TABLE app_user ADD COLUMN standing TEXT NOT NULL DEFAULT 'visible'
        CHECK (standing IN ('visible', 'hidden', 'banned'));
ALTER TABLE app_user ADD COLUMN bracket TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX app_user_display ON app_user (tenant_id, display_key)
        WHERE display_key IS NOT NULL;

ALTER TABLE team ADD COLUMN name_key TEXT;
ALTER TABLE team ADD COLUMN captain_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE team ADD COLUMN invite TEXT NOT NULL DEFAULT '';
ALTER TABLE team ADD COLUMN standing TEXT NOT NULL DEFAULT 'visible'
        CHECK (standing IN ('visible', 'hidden', 'banned'));
ALTER TABLE team ADD COLUMN bracket TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX team_name_key ON team (tenant_id, name_key) WHERE name_key IS NOT NULL;
CREATE UNIQUE INDEX team_invite ON team (invite) WHERE invite <> '';

-- A session is a token that a browser keeps in a cookie.
ALTER TABLE token ADD COLUMN kind TEXT NOT NULL DEFAULT 'api' CHECK (kind IN ('api', 'session'));

-- The flag of a lease is derived with its generation: the how-manieth of its account and challenge it
-- is.
ALTER TABLE instance ADD COLUMN generation BIGINT NOT NULL DEFAULT 0;
ALTER TABLE instance ADD COLUMN grace_ms BIGINT NOT NULL DEFAULT 3600000;
ALTER TABLE policy ADD COLUMN grace_ms BIGINT NOT NULL DEFAULT 3600000 CHECK (grace_ms >= 0);
CREATE INDEX instance_flag ON instance (challenge_id, owner_kind, owner_id, generation);

-- What was handed in.  A wrong text is kept in a box (model/seal.h), its digest tells alike ones (of very
-- short ones there is none); a right one is not kept.  owner: whose derived flag it was, where that is another's.
CREATE TABLE submission (
        id           INTEGER PRIMARY KEY,
        tenant_id    BIGINT NOT NULL REFERENCES tenant (id),
        account_kind TEXT NOT NULL CHECK (account_kind IN ('user', 'team')),
        account_id   BIGINT NOT NULL CHECK (account_id > 0),
        user_id      BIGINT NOT NULL,
        challenge_id BIGINT NOT NULL,
        at_ms        BIGINT NOT NULL,
        seq          BIGINT NOT NULL,
        result       TEXT NOT NULL CHECK (result IN ('correct', 'incorrect')),
        text         TEXT NOT NULL DEFAULT '',
        digest       TEXT NOT NULL DEFAULT '',
        owner_kind   TEXT NOT NULL DEFAULT 'user' CHECK (owner_kind IN ('user', 'team')),
        owner_id     BIGINT NOT NULL DEFAULT 0,
        address      TEXT NOT NULL DEFAULT '',
        agent        TEXT NOT NULL DEFAULT '',
        FOREIGN KEY (tenant_id, challenge_id) REFERENCES challenge (tenant_id, id),
        FOREIGN KEY (tenant_id, user_id) REFERENCES app_user (tenant_id, id)
);

-- Each account solves a challenge once.
CREATE TABLE solve (
        account_kind  TEXT NOT NULL CHECK (account_kind IN ('user', 'team')),
        account_id    BIGINT NOT NULL CHECK (account_id > 0),
        challenge_id  BIGINT NOT NULL,
        tenant_id     BIGINT NOT NULL REFERENCES tenant (id),
        user_id       BIGINT NOT NULL,
        submission_id BIGINT NOT NULL DEFAULT 0,
        at_ms         BIGINT NOT NULL CHECK (at_ms > 0),
        seq           BIGINT NOT NULL,
        PRIMARY KEY (account_kind, account_id, challenge_id),
        FOREIGN KEY (tenant_id, challenge_id) REFERENCES challenge (tenant_id, id),
        FOREIGN KEY (tenant_id, user_id) REFERENCES app_user (tenant_id, id)
);

CREATE TABLE hint_unlock (
        account_kind TEXT NOT NULL CHECK (account_kind IN ('user', 'team')),
        account_id   BIGINT NOT NULL CHECK (account_id > 0),
        challenge_id BIGINT NOT NULL,
        hint         BIGINT NOT NULL CHECK (hint > 0),
        tenant_id    BIGINT NOT NULL REFERENCES tenant (id),
        user_id      BIGINT NOT NULL,
        cost         BIGINT NOT NULL CHECK (cost >= 0),
        at_ms        BIGINT NOT NULL,
        seq          BIGINT NOT NULL,
        PRIMARY KEY (account_kind, account_id, challenge_id, hint),
        FOREIGN KEY (tenant_id, challenge_id) REFERENCES challenge (tenant_id, id),
        FOREIGN KEY (tenant_id, user_id) REFERENCES app_user (tenant_id, id)
);

CREATE TABLE award (
        id           INTEGER PRIMARY KEY,
        tenant_id    BIGINT NOT NULL REFERENCES tenant (id),
        account_kind TEXT NOT NULL CHECK (account_kind IN ('user', 'team')),
        account_id   BIGINT NOT NULL CHECK (account_id > 0),
        value        BIGINT NOT NULL CHECK (value <> 0),
        reason       TEXT NOT NULL,
        by_id        BIGINT NOT NULL,
        at_ms        BIGINT NOT NULL,
        seq          BIGINT NOT NULL
);

CREATE TABLE announcement (
        id        INTEGER PRIMARY KEY,
        tenant_id BIGINT NOT NULL REFERENCES tenant (id),
        title     TEXT NOT NULL,
        text      TEXT NOT NULL,
        by_id     BIGINT NOT NULL,
        at_ms     BIGINT NOT NULL,
        seq       BIGINT NOT NULL
);

-- Two accounts that may have worked together on a challenge, the lower key first.  Every verdict is an
-- event; review_seq is the last one's.
CREATE TABLE suspicion (
        id           INTEGER PRIMARY KEY,
        tenant_id    BIGINT NOT NULL REFERENCES tenant (id),
        challenge_id BIGINT NOT NULL,
        one_kind     TEXT NOT NULL CHECK (one_kind IN ('user', 'team')),
        one_id       BIGINT NOT NULL,
        other_kind   TEXT NOT NULL CHECK (other_kind IN ('user', 'team')),
        other_id     BIGINT NOT NULL,
        certainty    BIGINT NOT NULL CHECK (certainty BETWEEN 1 AND 100),
        evidence     TEXT NOT NULL,
        at_ms        BIGINT NOT NULL,
        verdict      TEXT NOT NULL DEFAULT 'pending'
                     CHECK (verdict IN ('pending', 'innocent', 'suspicious', 'confirmed')),
        reviewer_id  BIGINT NOT NULL DEFAULT 0,
        reviewed_ms  BIGINT NOT NULL DEFAULT 0,
        review_seq   BIGINT NOT NULL DEFAULT 0,
        notes        TEXT NOT NULL DEFAULT '',
        UNIQUE (challenge_id, one_kind, one_id, other_kind, other_id),
        FOREIGN KEY (tenant_id, challenge_id) REFERENCES challenge (tenant_id, id)
);

-- How a challenge fares, hour by hour and when its state changed.  Attempts and solves are those of the
-- whole game; the next two and all about starts are of the hour before.
CREATE TABLE health (
        challenge_id    BIGINT NOT NULL,
        at_ms           BIGINT NOT NULL,
        tenant_id       BIGINT NOT NULL REFERENCES tenant (id),
        attempts        BIGINT NOT NULL,
        solves          BIGINT NOT NULL,
        recent_attempts BIGINT NOT NULL,
        recent_solves   BIGINT NOT NULL,
        starts          BIGINT NOT NULL,
        failed_starts   BIGINT NOT NULL,
        failed_probes   BIGINT NOT NULL,
        lost            BIGINT NOT NULL,
        score           BIGINT NOT NULL CHECK (score BETWEEN 0 AND 100),
        PRIMARY KEY (challenge_id, at_ms),
        FOREIGN KEY (tenant_id, challenge_id) REFERENCES challenge (tenant_id, id)
);

-- What a live stream tells of: src/api/frames.def.  The lists of it name the same actions.
CREATE INDEX event_live ON event (tenant_id, seq)
WHERE action IN ('announced', 'award_removed', 'awarded', 'challenge_changed', 'game_changed',
                 'game_reset', 'hint_unlocked', 'name_changed', 'solved', 'team_changed', 'unsolved',
                 'user_changed');
