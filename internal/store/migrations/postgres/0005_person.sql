-- Persons, their accounts and roles. Twin of sqlite/0005_person.sql: same names, same meanings, same promises. What SQLite has from
-- its one writer, row locks give here: a trigger that looks at other rows locks first what could change its answer.

-- +goose Up

-- A human being, or the service that stands for a schedule. Never deleted: what was approved names persons.
CREATE TABLE person (
  id          TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (id <> '' AND length(id) <= 64),
  name        TEXT COLLATE "C" NOT NULL CHECK (name <> '' AND length(name) <= 100),
  created_at  TIMESTAMPTZ NOT NULL,
  disabled_at TIMESTAMPTZ
);

-- What this database is. A demo holds made-up data only, and nothing else may become one. Money and messages are locked after a
-- restore until two persons have unlocked them: unlock_by says so first, opened_by opens.
CREATE TABLE instance (
  id          INTEGER PRIMARY KEY CHECK (id = 1),
  demo        SMALLINT NOT NULL CHECK (demo IN (0, 1)),
  locked      SMALLINT NOT NULL CHECK (locked IN (0, 1)),
  lock_reason TEXT COLLATE "C" NOT NULL DEFAULT '',
  locked_at   TIMESTAMPTZ,
  unlock_by   TEXT COLLATE "C" REFERENCES person (id),
  asked_at    TIMESTAMPTZ,
  unlock_note TEXT COLLATE "C" NOT NULL DEFAULT '', -- what was reconciled
  opened_by   TEXT COLLATE "C" REFERENCES person (id),
  CHECK ((locked = 1) = (lock_reason <> '')),
  CHECK (locked = 1 OR unlock_by IS NULL),
  CHECK (locked = 0 OR opened_by IS NULL)
);
INSERT INTO instance (id, demo, locked) VALUES (1, 0, 0);

-- A way for a person to sign in: a local one with a password, or one of an identity provider. A person may have several. Before
-- its person has enrolled, password is that of the half which who prepared it saw, and second the SHA-256 of the half which who
-- enabled it saw: neither of them can come in alone. The first start knows no halves.
CREATE TABLE account (
  id           TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (id <> ''),
  person       TEXT COLLATE "C" NOT NULL REFERENCES person (id),
  kind         TEXT COLLATE "C" NOT NULL CHECK (kind IN ('local', 'oidc', 'demo')),
  login        TEXT COLLATE "C" NOT NULL UNIQUE CHECK (login <> '' AND length(login) <= 200),
  password     TEXT COLLATE "C" CHECK (password LIKE '$argon2id$%'),
  second       TEXT COLLATE "C" CHECK (length(second) = 64),
  issuer       TEXT COLLATE "C",
  subject      TEXT COLLATE "C",
  totp         BYTEA,
  totp_step    BIGINT NOT NULL DEFAULT 0,
  failed       BIGINT NOT NULL DEFAULT 0 CHECK (failed >= 0),
  locked_until TIMESTAMPTZ,
  created_at   TIMESTAMPTZ NOT NULL,
  disabled_at  TIMESTAMPTZ,
  UNIQUE (issuer, subject),
  CHECK ((kind = 'local') = (password IS NOT NULL)),
  CHECK ((kind = 'oidc') = (issuer IS NOT NULL) AND (issuer IS NULL) = (subject IS NULL)),
  CHECK (totp IS NULL OR kind = 'local'),
  CHECK (second IS NULL OR (kind = 'local' AND totp IS NULL))
);

-- Logins that differ by case alone would be taken for each other.
CREATE UNIQUE INDEX account_login ON account (lower(login));

-- A role of a person: proposed by one, confirmed by another, neither of them the one who gets it (A4). Only the first system
-- and the first security administrator of a database come from its first start, and demo persons from --demo.
CREATE TABLE role_grant (
  id           TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (id <> ''),
  person       TEXT COLLATE "C" NOT NULL REFERENCES person (id),
  role         TEXT COLLATE "C" NOT NULL CHECK (role IN ('E1', 'E2', 'D1', 'D2', 'F1', 'F2', 'F3', 'AU', 'SA', 'SE', 'LA', 'OD', 'SV')),
  scope        TEXT COLLATE "C" NOT NULL,
  origin       TEXT COLLATE "C" NOT NULL CHECK (origin IN ('granted', 'first_start', 'demo')),
  proposed_by  TEXT COLLATE "C" REFERENCES person (id),
  proposed_at  TIMESTAMPTZ NOT NULL,
  confirmed_by TEXT COLLATE "C" REFERENCES person (id),
  confirmed_at TIMESTAMPTZ,
  revoked_by   TEXT COLLATE "C" REFERENCES person (id),
  revoked_at   TIMESTAMPTZ,
  CHECK ((role IN ('E1', 'E2')) = (scope ~ '^[0-9A-Z]{18}$')),
  CHECK (role NOT IN ('D1', 'D2') OR scope <> ''),
  CHECK ((origin = 'granted') = (proposed_by IS NOT NULL)),
  CHECK (origin <> 'granted' OR (confirmed_at IS NULL) = (confirmed_by IS NULL)),
  CHECK (origin = 'granted' OR confirmed_at IS NOT NULL),
  CHECK (origin <> 'first_start' OR role IN ('SA', 'SE')),
  CHECK (proposed_by <> person AND confirmed_by <> person AND proposed_by <> confirmed_by),
  CHECK ((revoked_at IS NULL) = (revoked_by IS NULL))
);
CREATE INDEX role_grant_person ON role_grant (person, role);

-- The roles that count now.
CREATE VIEW live_role AS
  SELECT g.person, g.role, g.scope FROM role_grant g JOIN person p ON p.id = g.person
  WHERE g.confirmed_at IS NOT NULL AND g.revoked_at IS NULL AND p.disabled_at IS NULL;

-- A session of the server; id is the SHA-256 of what the cookie holds.
CREATE TABLE session (
  id            TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (length(id) = 64),
  account       TEXT COLLATE "C" NOT NULL REFERENCES account (id),
  created_at    TIMESTAMPTZ NOT NULL,
  seen_at       TIMESTAMPTZ NOT NULL,
  stepped_up_at TIMESTAMPTZ,
  expires_at    TIMESTAMPTZ NOT NULL,
  revoked_at    TIMESTAMPTZ
);
CREATE INDEX session_account ON session (account);

-- A token for programs; id is the SHA-256 of the token. scopes are words parted by spaces.
CREATE TABLE api_token (
  id         TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (length(id) = 64),
  person     TEXT COLLATE "C" NOT NULL REFERENCES person (id),
  name       TEXT COLLATE "C" NOT NULL CHECK (name <> ''),
  scopes     TEXT COLLATE "C" NOT NULL CHECK (scopes <> ''),
  created_at TIMESTAMPTZ NOT NULL,
  expires_at TIMESTAMPTZ NOT NULL,
  used_at    TIMESTAMPTZ,
  revoked_at TIMESTAMPTZ
);

-- The token of the first start: whoever has it may make the first two administrators, once each, before it ends.
CREATE TABLE first_start (
  id         INTEGER PRIMARY KEY CHECK (id = 1),
  hash       TEXT COLLATE "C" NOT NULL CHECK (length(hash) = 64),
  expires_at TIMESTAMPTZ NOT NULL
);

-- Whoever is adding accounts or enterprises comes before the look at them, or waits and finds a demo.
-- +goose StatementBegin
CREATE FUNCTION instance_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  LOCK TABLE account, enterprise IN SHARE MODE;
  IF EXISTS (SELECT 1 FROM account) OR EXISTS (SELECT 1 FROM enterprise) THEN
    RAISE EXCEPTION 'what holds real data never becomes a demo' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER instance_update BEFORE UPDATE ON instance FOR EACH ROW WHEN (NEW.demo > OLD.demo) EXECUTE FUNCTION instance_update();
CREATE TRIGGER instance_stays BEFORE UPDATE ON instance FOR EACH ROW WHEN (NEW.id <> 1 OR NEW.demo < OLD.demo)
  EXECUTE FUNCTION refuse('a demo never becomes real');
-- Unlocking takes two: the first says so, another one opens.
CREATE TRIGGER instance_unlock BEFORE UPDATE ON instance FOR EACH ROW
  WHEN (OLD.locked = 1 AND NEW.locked = 0 AND (OLD.unlock_by IS NULL OR NEW.opened_by IS NULL OR NEW.opened_by = OLD.unlock_by))
  EXECUTE FUNCTION refuse('unlocking takes two persons');
CREATE TRIGGER instance_delete BEFORE DELETE ON instance FOR EACH ROW EXECUTE FUNCTION refuse('instance has one row');
CREATE TRIGGER person_delete BEFORE DELETE ON person FOR EACH ROW EXECUTE FUNCTION refuse('a person is never deleted');
CREATE TRIGGER person_update BEFORE UPDATE OF id, created_at ON person FOR EACH ROW
  EXECUTE FUNCTION refuse('the id of a person never changes');
CREATE TRIGGER account_delete BEFORE DELETE ON account FOR EACH ROW EXECUTE FUNCTION refuse('an account is never deleted');
CREATE TRIGGER account_person BEFORE UPDATE OF id, person, kind, issuer, subject ON account FOR EACH ROW
  EXECUTE FUNCTION refuse('an account is always the same person''s');
CREATE TRIGGER account_enable BEFORE UPDATE ON account FOR EACH ROW
  WHEN (NEW.kind = 'local' AND NEW.totp IS NULL AND NEW.second IS NULL AND NEW.disabled_at IS NULL
    AND (OLD.disabled_at IS NOT NULL OR OLD.second IS NOT NULL OR OLD.totp IS NOT NULL))
  EXECUTE FUNCTION refuse('who enables an account gives half of its initial password');

-- +goose StatementBegin
CREATE FUNCTION account_demo() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT demo FROM instance) = 0 THEN
    RAISE EXCEPTION 'demo accounts exist in a demo only' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER account_demo BEFORE INSERT ON account FOR EACH ROW WHEN (NEW.kind = 'demo') EXECUTE FUNCTION account_demo();

-- Two first starts at one instant meet at the row of the instance.
-- +goose StatementBegin
CREATE FUNCTION role_grant_begins() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.origin <> 'granted' THEN
    PERFORM 1 FROM instance FOR NO KEY UPDATE;
  END IF;
  IF (NEW.origin = 'granted' AND NEW.confirmed_at IS NOT NULL) OR NEW.revoked_at IS NOT NULL
    OR (NEW.origin = 'demo' AND (SELECT demo FROM instance) = 0)
    OR (NEW.origin = 'first_start' AND EXISTS (SELECT 1 FROM role_grant g WHERE g.role = NEW.role)) THEN
    RAISE EXCEPTION 'a role begins as proposed, and the first start gives each of its roles once' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER role_grant_begins BEFORE INSERT ON role_grant FOR EACH ROW EXECUTE FUNCTION role_grant_begins();
CREATE TRIGGER role_grant_moves BEFORE UPDATE ON role_grant FOR EACH ROW
  WHEN ((NEW.id, NEW.person, NEW.role, NEW.scope, NEW.origin, NEW.proposed_by, NEW.proposed_at)
      IS DISTINCT FROM (OLD.id, OLD.person, OLD.role, OLD.scope, OLD.origin, OLD.proposed_by, OLD.proposed_at)
    OR OLD.revoked_at IS NOT NULL
    OR (OLD.confirmed_at IS NOT NULL AND (NEW.confirmed_at, NEW.confirmed_by) IS DISTINCT FROM (OLD.confirmed_at, OLD.confirmed_by)))
  EXECUTE FUNCTION refuse('a role is proposed, confirmed once and revoked once');

-- System, security and audit administrators exclude each other and have no business role, also while a person is disabled. Two
-- roles of one person that are confirmed at one instant meet at the person's row.
-- +goose StatementBegin
CREATE FUNCTION role_grant_excludes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM person WHERE id = NEW.person FOR NO KEY UPDATE;
  IF EXISTS (
    SELECT 1 FROM role_grant g WHERE g.person = NEW.person AND g.confirmed_at IS NOT NULL AND g.revoked_at IS NULL AND g.role <> NEW.role
      AND (g.role IN ('SA', 'SE', 'LA') OR NEW.role IN ('SA', 'SE', 'LA'))) THEN
    RAISE EXCEPTION 'administrators exclude each other and have no business role' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER role_grant_excludes BEFORE UPDATE ON role_grant FOR EACH ROW
  WHEN (OLD.confirmed_at IS NULL AND NEW.confirmed_at IS NOT NULL) EXECUTE FUNCTION role_grant_excludes();
CREATE TRIGGER role_grant_first BEFORE INSERT ON role_grant FOR EACH ROW
  WHEN (NEW.confirmed_at IS NOT NULL) EXECUTE FUNCTION role_grant_excludes();
CREATE TRIGGER role_grant_delete BEFORE DELETE ON role_grant FOR EACH ROW EXECUTE FUNCTION refuse('a role is revoked, never deleted');
CREATE TRIGGER session_revived BEFORE UPDATE ON session FOR EACH ROW
  WHEN (OLD.revoked_at IS NOT NULL OR (NEW.id, NEW.account, NEW.created_at, NEW.expires_at)
    IS DISTINCT FROM (OLD.id, OLD.account, OLD.created_at, OLD.expires_at))
  EXECUTE FUNCTION refuse('a session ends for good');
CREATE TRIGGER api_token_revived BEFORE UPDATE ON api_token FOR EACH ROW
  WHEN (OLD.revoked_at IS NOT NULL OR (NEW.id, NEW.person, NEW.scopes, NEW.expires_at)
    IS DISTINCT FROM (OLD.id, OLD.person, OLD.scopes, OLD.expires_at))
  EXECUTE FUNCTION refuse('a token ends for good');

-- +goose StatementBegin
DO $$
DECLARE name TEXT;
BEGIN
  FOREACH name IN ARRAY ARRAY['instance', 'person', 'account', 'role_grant'] LOOP
    EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse(%L)',
      name || '_truncate', name, 'its rows are never deleted');
  END LOOP;
END $$;
-- +goose StatementEnd
