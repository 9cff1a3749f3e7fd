-- The first tables. Twin of postgres/0001_first.sql: same names, same meanings, same promises.
--
-- Instants are UTC text of one width with microseconds, civil dates are text, money is INTEGER in 分, content addresses are
-- lower-case hexadecimal. Text compares byte by byte (BINARY, SQLite's default). Tables said to be append-only refuse
-- UPDATE and DELETE by trigger; that covers INSERT OR REPLACE too because connections set recursive_triggers.

-- +goose Up

-- A published policy as an immutable version; id is the SHA-256 of files.
CREATE TABLE policy_version (
  id           TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 64 AND id NOT GLOB '*[^0-9a-f]*'),
  policy_id    TEXT NOT NULL CHECK (policy_id <> ''),
  title        TEXT NOT NULL CHECK (title <> ''),
  published_at TEXT NOT NULL CHECK (published_at LIKE '____-__-__T__:__:__.______Z'),
  published_by TEXT NOT NULL CHECK (published_by <> ''),
  files        BLOB NOT NULL CHECK (length(files) > 0),
  UNIQUE (policy_id, id)
) STRICT;

-- Which version of a policy counts from when on; append-only, the highest seq of a policy is the current one.
CREATE TABLE policy_pointer (
  seq       INTEGER PRIMARY KEY,
  policy_id TEXT NOT NULL,
  version   TEXT NOT NULL,
  at        TEXT NOT NULL CHECK (at LIKE '____-__-__T__:__:__.______Z'),
  set_by    TEXT NOT NULL CHECK (set_by <> ''),
  FOREIGN KEY (policy_id, version) REFERENCES policy_version (policy_id, id)
) STRICT;
CREATE INDEX policy_pointer_policy ON policy_pointer (policy_id, seq);

CREATE VIEW current_policy AS
  SELECT policy_id, version, at AS changed_at FROM policy_pointer p
  WHERE seq = (SELECT max(seq) FROM policy_pointer WHERE policy_id = p.policy_id);

-- A published vocabulary; id is the SHA-256 of body.
CREATE TABLE vocabulary_version (
  id           TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 64 AND id NOT GLOB '*[^0-9a-f]*'),
  published_at TEXT NOT NULL CHECK (published_at LIKE '____-__-__T__:__:__.______Z'),
  published_by TEXT NOT NULL CHECK (published_by <> ''),
  body         BLOB NOT NULL CHECK (length(body) > 0)
) STRICT;

-- Which vocabulary counts from when on; append-only, the highest seq is the current one.
CREATE TABLE vocabulary_pointer (
  seq     INTEGER PRIMARY KEY,
  version TEXT NOT NULL REFERENCES vocabulary_version (id),
  at      TEXT NOT NULL CHECK (at LIKE '____-__-__T__:__:__.______Z'),
  set_by  TEXT NOT NULL CHECK (set_by <> '')
) STRICT;

-- Every enterprise ever seen, under the name of the last snapshot that holds it. folded is for searching only.
CREATE TABLE enterprise (
  uscc   TEXT NOT NULL PRIMARY KEY CHECK (length(uscc) = 18 AND uscc NOT GLOB '*[^0-9A-Z]*'),
  name   TEXT NOT NULL CHECK (name <> ''),
  folded TEXT NOT NULL
) STRICT;

-- A set of profiles as received; id is the SHA-256 of its contents (see snapshot.go).
CREATE TABLE snapshot (
  seq         INTEGER PRIMARY KEY,
  id          TEXT NOT NULL UNIQUE CHECK (length(id) = 64 AND id NOT GLOB '*[^0-9a-f]*'),
  received_at TEXT NOT NULL CHECK (received_at LIKE '____-__-__T__:__:__.______Z'),
  source      TEXT NOT NULL CHECK (source <> ''),
  profiles    INTEGER NOT NULL CHECK (profiles >= 0)
) STRICT;

-- The snapshot's own row comes last in the transaction, when its hash is known: so the reference is deferred.
CREATE TABLE profile (
  snapshot INTEGER NOT NULL REFERENCES snapshot (seq) DEFERRABLE INITIALLY DEFERRED,
  uscc     TEXT NOT NULL REFERENCES enterprise (uscc),
  name     TEXT NOT NULL CHECK (name <> ''),
  body     BLOB NOT NULL,
  PRIMARY KEY (snapshot, uscc)
) STRICT;

-- One comparison of all items with all enterprises. Its plan never changes; status goes from running to done or failed.
CREATE TABLE sweep (
  id          INTEGER PRIMARY KEY,
  slot        TEXT UNIQUE CHECK (slot <> ''),
  as_of       TEXT NOT NULL CHECK (length(as_of) = 10 AND date(as_of) IS as_of),
  known_at    TEXT NOT NULL CHECK (known_at LIKE '____-__-__T__:__:__.______Z'),
  snapshot    INTEGER NOT NULL REFERENCES snapshot (seq),
  vocabulary  TEXT NOT NULL REFERENCES vocabulary_version (id),
  status      TEXT NOT NULL CHECK (status IN ('running', 'done', 'failed')),
  started_at  TEXT NOT NULL CHECK (started_at LIKE '____-__-__T__:__:__.______Z'),
  finished_at TEXT CHECK (finished_at LIKE '____-__-__T__:__:__.______Z'),
  note        TEXT NOT NULL DEFAULT '',
  CHECK ((status = 'running') = (finished_at IS NULL))
) STRICT;

-- The policy versions that a sweep applies. They come before the sweep's own row, which closes the plan.
CREATE TABLE sweep_policy (
  sweep          INTEGER NOT NULL REFERENCES sweep (id) DEFERRABLE INITIALLY DEFERRED,
  policy_version TEXT NOT NULL REFERENCES policy_version (id),
  PRIMARY KEY (sweep, policy_version)
) STRICT, WITHOUT ROWID;

-- What one item means for one enterprise. sweep is the first one that came to it; later ones only refer to it.
CREATE TABLE decision (
  seq            INTEGER PRIMARY KEY,
  id             TEXT NOT NULL UNIQUE CHECK (id <> ''),
  sweep          INTEGER NOT NULL,
  policy_version TEXT NOT NULL,
  item           TEXT NOT NULL CHECK (item <> ''),
  enterprise     TEXT NOT NULL REFERENCES enterprise (uscc),
  as_of          TEXT NOT NULL CHECK (length(as_of) = 10 AND date(as_of) IS as_of),
  outcome        TEXT NOT NULL CHECK (outcome IN ('eligible', 'ineligible', 'unknown')),
  amount_fen     INTEGER CHECK (amount_fen IS NULL OR (amount_fen >= 0 AND outcome = 'eligible')),
  sha256         BLOB NOT NULL CHECK (length(sha256) = 32),
  body           BLOB,
  FOREIGN KEY (sweep, policy_version) REFERENCES sweep_policy (sweep, policy_version)
) STRICT;

-- The decisions that a sweep came to: at most one for each pair. That both exist, and belong together, the trigger
-- sweep_decision_fits sees to; references besides it would double the cost of a night.
CREATE TABLE sweep_decision (
  sweep      INTEGER NOT NULL,
  enterprise TEXT NOT NULL,
  item       TEXT NOT NULL,
  decision   INTEGER NOT NULL,
  PRIMARY KEY (sweep, enterprise, item)
) STRICT, WITHOUT ROWID;

-- The totals of a sweep that is done.
CREATE TABLE sweep_summary (
  sweep      INTEGER NOT NULL REFERENCES sweep (id),
  item       TEXT NOT NULL,
  outcome    TEXT NOT NULL CHECK (outcome IN ('eligible', 'ineligible', 'unknown')),
  decisions  INTEGER NOT NULL CHECK (decisions > 0),
  amount_fen INTEGER NOT NULL CHECK (amount_fen >= 0 AND (amount_fen = 0 OR outcome = 'eligible')),
  PRIMARY KEY (sweep, item, outcome)
) STRICT, WITHOUT ROWID;

-- What followers such as the search index must look at, in the order in which it was committed; append-only.
CREATE TABLE change (
  seq     INTEGER PRIMARY KEY,
  at      TEXT NOT NULL CHECK (at LIKE '____-__-__T__:__:__.______Z'),
  kind    TEXT NOT NULL CHECK (kind <> ''),
  subject TEXT NOT NULL CHECK (subject <> '')
) STRICT;

-- A tick of the schedule; the key lets one node have it. It is finished once.
CREATE TABLE job_slot (
  job         TEXT NOT NULL CHECK (job <> ''),
  slot        TEXT NOT NULL CHECK (slot <> ''),
  started_at  TEXT NOT NULL CHECK (started_at LIKE '____-__-__T__:__:__.______Z'),
  finished_at TEXT CHECK (finished_at LIKE '____-__-__T__:__:__.______Z'),
  outcome     TEXT CHECK (outcome <> ''),
  PRIMARY KEY (job, slot),
  CHECK ((finished_at IS NULL) = (outcome IS NULL))
) STRICT, WITHOUT ROWID;

-- +goose StatementBegin
CREATE TRIGGER policy_version_update BEFORE UPDATE ON policy_version BEGIN SELECT RAISE(ABORT, 'policy_version is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER policy_version_delete BEFORE DELETE ON policy_version BEGIN SELECT RAISE(ABORT, 'policy_version is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER policy_pointer_update BEFORE UPDATE ON policy_pointer BEGIN SELECT RAISE(ABORT, 'policy_pointer is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER policy_pointer_delete BEFORE DELETE ON policy_pointer BEGIN SELECT RAISE(ABORT, 'policy_pointer is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER vocabulary_version_update BEFORE UPDATE ON vocabulary_version BEGIN SELECT RAISE(ABORT, 'vocabulary_version is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER vocabulary_version_delete BEFORE DELETE ON vocabulary_version BEGIN SELECT RAISE(ABORT, 'vocabulary_version is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER vocabulary_pointer_update BEFORE UPDATE ON vocabulary_pointer BEGIN SELECT RAISE(ABORT, 'vocabulary_pointer is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER vocabulary_pointer_delete BEFORE DELETE ON vocabulary_pointer BEGIN SELECT RAISE(ABORT, 'vocabulary_pointer is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER enterprise_delete BEFORE DELETE ON enterprise BEGIN SELECT RAISE(ABORT, 'an enterprise is never deleted'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER enterprise_uscc BEFORE UPDATE OF uscc ON enterprise BEGIN SELECT RAISE(ABORT, 'the code of an enterprise never changes'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER snapshot_update BEFORE UPDATE ON snapshot BEGIN SELECT RAISE(ABORT, 'snapshot is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER snapshot_delete BEFORE DELETE ON snapshot BEGIN SELECT RAISE(ABORT, 'snapshot is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER profile_closed BEFORE INSERT ON profile WHEN EXISTS (SELECT 1 FROM snapshot WHERE seq = NEW.snapshot)
BEGIN SELECT RAISE(ABORT, 'the snapshot is closed'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER profile_update BEFORE UPDATE ON profile BEGIN SELECT RAISE(ABORT, 'profile is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER profile_delete BEFORE DELETE ON profile BEGIN SELECT RAISE(ABORT, 'profile is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER sweep_plan BEFORE UPDATE ON sweep
WHEN OLD.status <> 'running' OR NEW.id <> OLD.id OR NEW.slot IS NOT OLD.slot OR NEW.as_of <> OLD.as_of
  OR NEW.known_at <> OLD.known_at OR NEW.snapshot <> OLD.snapshot OR NEW.vocabulary <> OLD.vocabulary
  OR NEW.started_at <> OLD.started_at
BEGIN SELECT RAISE(ABORT, 'the plan of a sweep and a finished sweep never change'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER sweep_delete BEFORE DELETE ON sweep BEGIN SELECT RAISE(ABORT, 'a sweep is never deleted'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER sweep_policy_closed BEFORE INSERT ON sweep_policy WHEN EXISTS (SELECT 1 FROM sweep WHERE id = NEW.sweep)
BEGIN SELECT RAISE(ABORT, 'the plan of the sweep is closed'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER sweep_policy_update BEFORE UPDATE ON sweep_policy BEGIN SELECT RAISE(ABORT, 'sweep_policy is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER sweep_policy_delete BEFORE DELETE ON sweep_policy BEGIN SELECT RAISE(ABORT, 'sweep_policy is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER decision_update BEFORE UPDATE ON decision BEGIN SELECT RAISE(ABORT, 'decision is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER decision_delete BEFORE DELETE ON decision BEGIN SELECT RAISE(ABORT, 'decision is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER sweep_decision_fits BEFORE INSERT ON sweep_decision
WHEN NOT EXISTS (
  SELECT 1 FROM decision d
  JOIN sweep s ON s.id = NEW.sweep AND s.status = 'running'
  JOIN sweep_policy p ON p.sweep = NEW.sweep AND p.policy_version = d.policy_version
  WHERE d.seq = NEW.decision AND d.enterprise = NEW.enterprise AND d.item = NEW.item)
BEGIN SELECT RAISE(ABORT, 'the decision is of another pair or of a policy version outside the sweep, or the sweep is not running'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER sweep_decision_update BEFORE UPDATE ON sweep_decision BEGIN SELECT RAISE(ABORT, 'sweep_decision is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER sweep_decision_delete BEFORE DELETE ON sweep_decision BEGIN SELECT RAISE(ABORT, 'sweep_decision is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER sweep_summary_update BEFORE UPDATE ON sweep_summary BEGIN SELECT RAISE(ABORT, 'sweep_summary is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER sweep_summary_delete BEFORE DELETE ON sweep_summary BEGIN SELECT RAISE(ABORT, 'sweep_summary is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER change_update BEFORE UPDATE ON change BEGIN SELECT RAISE(ABORT, 'change is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER change_delete BEFORE DELETE ON change BEGIN SELECT RAISE(ABORT, 'change is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER job_slot_update BEFORE UPDATE ON job_slot
WHEN OLD.finished_at IS NOT NULL OR NEW.job <> OLD.job OR NEW.slot <> OLD.slot OR NEW.started_at <> OLD.started_at
BEGIN SELECT RAISE(ABORT, 'a job slot is finished once and never moved'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER job_slot_delete BEFORE DELETE ON job_slot BEGIN SELECT RAISE(ABORT, 'a job slot is never deleted'); END;
-- +goose StatementEnd
