-- Persons, their accounts and roles. Twin of postgres/0005_person.sql: same names, same meanings, same promises.

-- +goose Up

-- What this database is. A demo holds made-up data only, and nothing else may become one. Money and messages are locked after a
-- restore until two persons have unlocked them: unlock_by says so first, opened_by opens.
CREATE TABLE instance (
  id          INTEGER PRIMARY KEY CHECK (id = 1),
  demo        INTEGER NOT NULL CHECK (demo IN (0, 1)),
  locked      INTEGER NOT NULL CHECK (locked IN (0, 1)),
  lock_reason TEXT NOT NULL DEFAULT '',
  locked_at   TEXT CHECK (locked_at LIKE '____-__-__T__:__:__.______Z'),
  unlock_by   TEXT REFERENCES person (id),
  asked_at    TEXT CHECK (asked_at LIKE '____-__-__T__:__:__.______Z'),
  unlock_note TEXT NOT NULL DEFAULT '', -- what was reconciled
  opened_by   TEXT REFERENCES person (id),
  CHECK ((locked = 1) = (lock_reason <> '')),
  CHECK (locked = 1 OR unlock_by IS NULL),
  CHECK (locked = 0 OR opened_by IS NULL)
) STRICT;

-- A human being, or the service that stands for a schedule. Never deleted: what was approved names persons.
CREATE TABLE person (
  id          TEXT NOT NULL PRIMARY KEY CHECK (id <> '' AND length(id) <= 64),
  name        TEXT NOT NULL CHECK (name <> '' AND length(name) <= 100),
  created_at  TEXT NOT NULL CHECK (created_at LIKE '____-__-__T__:__:__.______Z'),
  disabled_at TEXT CHECK (disabled_at LIKE '____-__-__T__:__:__.______Z')
) STRICT;

INSERT INTO instance (id, demo, locked) VALUES (1, 0, 0);

-- A way for a person to sign in: a local one with a password, or one of an identity provider. A person may have several. Before
-- its person has enrolled, password is that of the half which who prepared it saw, and second the SHA-256 of the half which who
-- enabled it saw: neither of them can come in alone. The first start knows no halves.
CREATE TABLE account (
  id           TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
  person       TEXT NOT NULL REFERENCES person (id),
  kind         TEXT NOT NULL CHECK (kind IN ('local', 'oidc', 'demo')),
  login        TEXT NOT NULL UNIQUE CHECK (login <> '' AND length(login) <= 200),
  password     TEXT CHECK (password LIKE '$argon2id$%'),
  second       TEXT CHECK (length(second) = 64),
  issuer       TEXT,
  subject      TEXT,
  totp         BLOB,
  totp_step    INTEGER NOT NULL DEFAULT 0,
  failed       INTEGER NOT NULL DEFAULT 0 CHECK (failed >= 0),
  locked_until TEXT CHECK (locked_until LIKE '____-__-__T__:__:__.______Z'),
  created_at   TEXT NOT NULL CHECK (created_at LIKE '____-__-__T__:__:__.______Z'),
  disabled_at  TEXT CHECK (disabled_at LIKE '____-__-__T__:__:__.______Z'),
  UNIQUE (issuer, subject),
  CHECK ((kind = 'local') = (password IS NOT NULL)),
  CHECK ((kind = 'oidc') = (issuer IS NOT NULL) AND (issuer IS NULL) = (subject IS NULL)),
  CHECK (totp IS NULL OR kind = 'local'),
  CHECK (second IS NULL OR (kind = 'local' AND totp IS NULL))
) STRICT;

-- Logins that differ by case alone would be taken for each other.
CREATE UNIQUE INDEX account_login ON account (lower(login));

-- A role of a person: proposed by one, confirmed by another, neither of them the one who gets it (A4). Only the first system
-- and the first security administrator of a database come from its first start, and demo persons from --demo.
CREATE TABLE role_grant (
  id           TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
  person       TEXT NOT NULL REFERENCES person (id),
  role         TEXT NOT NULL CHECK (role IN ('E1', 'E2', 'D1', 'D2', 'F1', 'F2', 'F3', 'AU', 'SA', 'SE', 'LA', 'OD', 'SV')),
  scope        TEXT NOT NULL,
  origin       TEXT NOT NULL CHECK (origin IN ('granted', 'first_start', 'demo')),
  proposed_by  TEXT REFERENCES person (id),
  proposed_at  TEXT NOT NULL CHECK (proposed_at LIKE '____-__-__T__:__:__.______Z'),
  confirmed_by TEXT REFERENCES person (id),
  confirmed_at TEXT CHECK (confirmed_at LIKE '____-__-__T__:__:__.______Z'),
  revoked_by   TEXT REFERENCES person (id),
  revoked_at   TEXT CHECK (revoked_at LIKE '____-__-__T__:__:__.______Z'),
  CHECK ((role IN ('E1', 'E2')) = (length(scope) = 18 AND scope NOT GLOB '*[^0-9A-Z]*')),
  CHECK (role NOT IN ('D1', 'D2') OR scope <> ''),
  CHECK ((origin = 'granted') = (proposed_by IS NOT NULL)),
  CHECK (origin <> 'granted' OR (confirmed_at IS NULL) = (confirmed_by IS NULL)),
  CHECK (origin = 'granted' OR confirmed_at IS NOT NULL),
  CHECK (origin <> 'first_start' OR role IN ('SA', 'SE')),
  CHECK (proposed_by <> person AND confirmed_by <> person AND proposed_by <> confirmed_by),
  CHECK ((revoked_at IS NULL) = (revoked_by IS NULL))
) STRICT;
CREATE INDEX role_grant_person ON role_grant (person, role);

-- The roles that count now.
CREATE VIEW live_role AS
  SELECT g.person, g.role, g.scope FROM role_grant g JOIN person p ON p.id = g.person
  WHERE g.confirmed_at IS NOT NULL AND g.revoked_at IS NULL AND p.disabled_at IS NULL;

-- A session of the server; id is the SHA-256 of what the cookie holds.
CREATE TABLE session (
  id            TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 64),
  account       TEXT NOT NULL REFERENCES account (id),
  created_at    TEXT NOT NULL CHECK (created_at LIKE '____-__-__T__:__:__.______Z'),
  seen_at       TEXT NOT NULL CHECK (seen_at LIKE '____-__-__T__:__:__.______Z'),
  stepped_up_at TEXT CHECK (stepped_up_at LIKE '____-__-__T__:__:__.______Z'),
  expires_at    TEXT NOT NULL CHECK (expires_at LIKE '____-__-__T__:__:__.______Z'),
  revoked_at    TEXT CHECK (revoked_at LIKE '____-__-__T__:__:__.______Z')
) STRICT;
CREATE INDEX session_account ON session (account);

-- A token for programs; id is the SHA-256 of the token. scopes are words parted by spaces.
CREATE TABLE api_token (
  id         TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 64),
  person     TEXT NOT NULL REFERENCES person (id),
  name       TEXT NOT NULL CHECK (name <> ''),
  scopes     TEXT NOT NULL CHECK (scopes <> ''),
  created_at TEXT NOT NULL CHECK (created_at LIKE '____-__-__T__:__:__.______Z'),
  expires_at TEXT NOT NULL CHECK (expires_at LIKE '____-__-__T__:__:__.______Z'),
  used_at    TEXT CHECK (used_at LIKE '____-__-__T__:__:__.______Z'),
  revoked_at TEXT CHECK (revoked_at LIKE '____-__-__T__:__:__.______Z')
) STRICT;

-- The token of the first start: whoever has it may make the first two administrators, once each, before it ends.
CREATE TABLE first_start (
  id         INTEGER PRIMARY KEY CHECK (id = 1),
  hash       TEXT NOT NULL CHECK (length(hash) = 64),
  expires_at TEXT NOT NULL CHECK (expires_at LIKE '____-__-__T__:__:__.______Z')
) STRICT;

-- +goose StatementBegin
CREATE TRIGGER instance_update BEFORE UPDATE ON instance
WHEN NEW.id <> 1 OR NEW.demo < OLD.demo OR (NEW.demo > OLD.demo AND (EXISTS (SELECT 1 FROM account) OR EXISTS (SELECT 1 FROM enterprise)))
BEGIN SELECT RAISE(ABORT, 'what holds real data never becomes a demo, nor a demo real'); END;
-- +goose StatementEnd
-- Unlocking takes two: the first says so, another one opens.
-- +goose StatementBegin
CREATE TRIGGER instance_unlock BEFORE UPDATE ON instance
WHEN OLD.locked = 1 AND NEW.locked = 0 AND (OLD.unlock_by IS NULL OR NEW.opened_by IS NULL OR NEW.opened_by = OLD.unlock_by)
BEGIN SELECT RAISE(ABORT, 'unlocking takes two persons'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER instance_delete BEFORE DELETE ON instance BEGIN SELECT RAISE(ABORT, 'instance has one row'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER person_delete BEFORE DELETE ON person BEGIN SELECT RAISE(ABORT, 'a person is never deleted'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER person_update BEFORE UPDATE OF id, created_at ON person BEGIN SELECT RAISE(ABORT, 'the id of a person never changes'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER account_delete BEFORE DELETE ON account BEGIN SELECT RAISE(ABORT, 'an account is never deleted'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER account_person BEFORE UPDATE OF id, person, kind, issuer, subject ON account
BEGIN SELECT RAISE(ABORT, 'an account is always the same person''s'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER account_enable BEFORE UPDATE ON account
WHEN NEW.kind = 'local' AND NEW.totp IS NULL AND NEW.second IS NULL AND NEW.disabled_at IS NULL
  AND (OLD.disabled_at IS NOT NULL OR OLD.second IS NOT NULL OR OLD.totp IS NOT NULL)
BEGIN SELECT RAISE(ABORT, 'who enables an account gives half of its initial password'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER account_demo BEFORE INSERT ON account WHEN NEW.kind = 'demo' AND (SELECT demo FROM instance) = 0
BEGIN SELECT RAISE(ABORT, 'demo accounts exist in a demo only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER role_grant_begins BEFORE INSERT ON role_grant
WHEN (NEW.origin = 'granted' AND NEW.confirmed_at IS NOT NULL) OR NEW.revoked_at IS NOT NULL
  OR (NEW.origin = 'demo' AND (SELECT demo FROM instance) = 0)
  OR (NEW.origin = 'first_start' AND EXISTS (SELECT 1 FROM role_grant g WHERE g.role = NEW.role))
BEGIN SELECT RAISE(ABORT, 'a role begins as proposed, and the first start gives each of its roles once'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER role_grant_moves BEFORE UPDATE ON role_grant
WHEN (NEW.id, NEW.person, NEW.role, NEW.scope, NEW.origin, NEW.proposed_by, NEW.proposed_at)
    IS NOT (OLD.id, OLD.person, OLD.role, OLD.scope, OLD.origin, OLD.proposed_by, OLD.proposed_at)
  OR OLD.revoked_at IS NOT NULL
  OR (OLD.confirmed_at IS NOT NULL AND (NEW.confirmed_at, NEW.confirmed_by) IS NOT (OLD.confirmed_at, OLD.confirmed_by))
BEGIN SELECT RAISE(ABORT, 'a role is proposed, confirmed once and revoked once'); END;
-- +goose StatementEnd
-- System, security and audit administrators exclude each other and have no business role, also while a person is disabled.
-- +goose StatementBegin
CREATE TRIGGER role_grant_excludes BEFORE UPDATE ON role_grant
WHEN OLD.confirmed_at IS NULL AND NEW.confirmed_at IS NOT NULL AND EXISTS (
  SELECT 1 FROM role_grant g WHERE g.person = NEW.person AND g.confirmed_at IS NOT NULL AND g.revoked_at IS NULL AND g.role <> NEW.role
    AND (g.role IN ('SA', 'SE', 'LA') OR NEW.role IN ('SA', 'SE', 'LA')))
BEGIN SELECT RAISE(ABORT, 'administrators exclude each other and have no business role'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER role_grant_first BEFORE INSERT ON role_grant
WHEN NEW.confirmed_at IS NOT NULL AND EXISTS (
  SELECT 1 FROM role_grant g WHERE g.person = NEW.person AND g.confirmed_at IS NOT NULL AND g.revoked_at IS NULL AND g.role <> NEW.role
    AND (g.role IN ('SA', 'SE', 'LA') OR NEW.role IN ('SA', 'SE', 'LA')))
BEGIN SELECT RAISE(ABORT, 'administrators exclude each other and have no business role'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER role_grant_delete BEFORE DELETE ON role_grant BEGIN SELECT RAISE(ABORT, 'a role is revoked, never deleted'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER session_revived BEFORE UPDATE ON session
WHEN OLD.revoked_at IS NOT NULL OR (NEW.id, NEW.account, NEW.created_at, NEW.expires_at) IS NOT (OLD.id, OLD.account, OLD.created_at, OLD.expires_at)
BEGIN SELECT RAISE(ABORT, 'a session ends for good'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER api_token_revived BEFORE UPDATE ON api_token
WHEN OLD.revoked_at IS NOT NULL OR (NEW.id, NEW.person, NEW.scopes, NEW.expires_at) IS NOT (OLD.id, OLD.person, OLD.scopes, OLD.expires_at)
BEGIN SELECT RAISE(ABORT, 'a token ends for good'); END;
-- +goose StatementEnd
