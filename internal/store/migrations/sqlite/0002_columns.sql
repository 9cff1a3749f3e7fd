-- Deliveries, columnar snapshots, sweeps as shards with differences. Twin of postgres/0002_columns.sql: same names, same
-- meanings, same promises.

-- +goose Up

-- What stood there: sweeps with a row for each pair, snapshots with a row for each enterprise. Of both only the plans are kept.
CREATE TABLE old_snapshot AS SELECT * FROM snapshot;
CREATE TABLE old_sweep AS SELECT * FROM sweep;
CREATE TABLE old_pin AS SELECT * FROM sweep_policy;
DROP TABLE sweep_decision;
DROP TABLE decision;
DROP TABLE sweep_summary;
DROP TABLE sweep_policy;
DROP TABLE sweep;
DROP TABLE profile;
DROP TABLE snapshot;

-- One department's data of one period. It is loaded in parts; sealed, it has its content address (given by the caller) and
-- never changes. Until then it counts nowhere, and may be dropped.
CREATE TABLE delivery (
  seq         INTEGER PRIMARY KEY,
  id          TEXT UNIQUE CHECK (length(id) = 64 AND id NOT GLOB '*[^0-9a-f]*'),
  source      TEXT NOT NULL CHECK (source <> ''),
  period      TEXT NOT NULL CHECK (period <> ''),
  complete    INTEGER NOT NULL CHECK (complete IN (0, 1)),
  received_at TEXT NOT NULL CHECK (received_at LIKE '____-__-__T__:__:__.______Z'),
  received_by TEXT NOT NULL CHECK (received_by <> ''),
  file        TEXT NOT NULL,
  purpose     TEXT NOT NULL CHECK (purpose <> ''),
  legal_basis TEXT NOT NULL CHECK (legal_basis <> ''),
  bytes       INTEGER CHECK (bytes >= 0),
  rows        INTEGER CHECK (rows >= 0),
  checksum    TEXT CHECK (length(checksum) = 64 AND checksum NOT GLOB '*[^0-9a-f]*'),
  mapping     BLOB,
  report      BLOB,
  CHECK ((id IS NULL) = (bytes IS NULL) AND (id IS NULL) = (rows IS NULL) AND (id IS NULL) = (checksum IS NULL)
    AND (id IS NULL) = (mapping IS NULL) AND (id IS NULL) = (report IS NULL))
) STRICT;
CREATE INDEX delivery_source ON delivery (source, period);

CREATE TABLE delivery_part (
  delivery INTEGER NOT NULL REFERENCES delivery (seq),
  part     INTEGER NOT NULL CHECK (part >= 0),
  rows     INTEGER NOT NULL CHECK (rows >= 0),
  sha256   BLOB NOT NULL CHECK (length(sha256) = 32),
  body     BLOB NOT NULL,
  PRIMARY KEY (delivery, part)
) STRICT;

-- Whether a sealed delivery counts; append-only, and time runs forward: the highest seq up to an instant stands then.
CREATE TABLE delivery_state (
  seq      INTEGER PRIMARY KEY,
  delivery INTEGER NOT NULL REFERENCES delivery (seq),
  state    TEXT NOT NULL CHECK (state IN ('accepted', 'held', 'quarantined', 'withdrawn')),
  at       TEXT NOT NULL CHECK (at LIKE '____-__-__T__:__:__.______Z'),
  set_by   TEXT NOT NULL CHECK (set_by <> ''),
  reason   TEXT NOT NULL
) STRICT;
CREATE INDEX delivery_state_delivery ON delivery_state (delivery, seq);

-- One cell that a person put right; append-only. cell NULL: the value is known to be missing.
CREATE TABLE correction (
  seq      INTEGER PRIMARY KEY,
  series   TEXT NOT NULL CHECK (series <> ''),
  period   TEXT NOT NULL CHECK (period <> ''),
  uscc     TEXT NOT NULL CHECK (length(uscc) = 18 AND uscc NOT GLOB '*[^0-9A-Z]*'),
  cell     TEXT,
  unit     TEXT NOT NULL,
  at       TEXT NOT NULL CHECK (at LIKE '____-__-__T__:__:__.______Z'),
  set_by   TEXT NOT NULL CHECK (set_by <> ''),
  reason   TEXT NOT NULL CHECK (reason <> ''),
  delivery TEXT REFERENCES delivery (id)
) STRICT;
CREATE INDEX correction_uscc ON correction (uscc, seq);

-- The facts of all enterprises as of a day, built from deliveries and corrections; id is given by the caller. Chunks come
-- until it is sealed; before, it is there for nobody, and may be dropped. A snapshot with a base holds only what differs.
CREATE TABLE snapshot (
  seq         INTEGER PRIMARY KEY,
  id          TEXT NOT NULL UNIQUE CHECK (length(id) = 64 AND id NOT GLOB '*[^0-9a-f]*'),
  as_of       TEXT CHECK (length(as_of) = 10 AND date(as_of) IS as_of),
  known_at    TEXT CHECK (known_at LIKE '____-__-__T__:__:__.______Z'),
  received_at TEXT NOT NULL CHECK (received_at LIKE '____-__-__T__:__:__.______Z'),
  source      TEXT NOT NULL CHECK (source <> ''),
  rows        INTEGER NOT NULL CHECK (rows >= 0),
  vocabulary  TEXT REFERENCES vocabulary_version (id),
  recipe      BLOB,
  base        INTEGER REFERENCES snapshot (seq),
  depth       INTEGER NOT NULL CHECK (depth >= 0),
  sealed      INTEGER NOT NULL CHECK (sealed IN (0, 1)),
  CHECK ((base IS NULL) = (depth = 0)),
  CHECK (NOT sealed OR (as_of IS NOT NULL AND known_at IS NOT NULL AND vocabulary IS NOT NULL AND recipe IS NOT NULL))
) STRICT;

-- One field of some rows, encoded; field '' has the codes of the enterprises. With rowids: bodies are large.
CREATE TABLE snapshot_chunk (
  snapshot INTEGER NOT NULL REFERENCES snapshot (seq),
  field    TEXT NOT NULL,
  chunk    INTEGER NOT NULL CHECK (chunk >= 0),
  sha256   BLOB NOT NULL CHECK (length(sha256) = 32),
  body     BLOB NOT NULL,
  PRIMARY KEY (snapshot, field, chunk)
) STRICT;
CREATE INDEX snapshot_chunk_row ON snapshot_chunk (snapshot, chunk, field);

-- One comparison of all items with all enterprises. Its plan never changes. Status goes from running to done, failed or held,
-- and from held, by a person, to done or failed.
CREATE TABLE sweep (
  id           INTEGER PRIMARY KEY,
  slot         TEXT UNIQUE CHECK (slot <> ''),
  purpose      TEXT NOT NULL CHECK (purpose IN ('nightly', 'manual', 'retroactive')),
  as_of        TEXT NOT NULL CHECK (length(as_of) = 10 AND date(as_of) IS as_of),
  known_at     TEXT NOT NULL CHECK (known_at LIKE '____-__-__T__:__:__.______Z'),
  snapshot     INTEGER NOT NULL REFERENCES snapshot (seq),
  vocabulary   TEXT NOT NULL REFERENCES vocabulary_version (id),
  previous     INTEGER REFERENCES sweep (id) CHECK (previous < id),
  shards       INTEGER NOT NULL CHECK (shards >= 0),
  rows         INTEGER NOT NULL CHECK (rows >= 0),
  hold         INTEGER NOT NULL DEFAULT -1 CHECK (hold >= -1), -- percent of changed outcomes beyond which a person must look; -1: never
  status       TEXT NOT NULL CHECK (status IN ('running', 'held', 'done', 'failed')),
  started_at   TEXT NOT NULL CHECK (started_at LIKE '____-__-__T__:__:__.______Z'),
  finished_at  TEXT CHECK (finished_at LIKE '____-__-__T__:__:__.______Z'),
  note         TEXT NOT NULL DEFAULT '',
  released_at  TEXT CHECK (released_at LIKE '____-__-__T__:__:__.______Z'),
  released_by  TEXT CHECK (released_by <> ''),
  release_note TEXT NOT NULL DEFAULT '',
  CHECK ((status = 'running') = (finished_at IS NULL)),
  CHECK ((released_at IS NULL) = (released_by IS NULL) AND (released_at IS NULL OR status IN ('done', 'failed')))
) STRICT;

-- The policy versions that a sweep applies. They come before the sweep's own row, which closes the plan.
CREATE TABLE sweep_policy (
  sweep          INTEGER NOT NULL REFERENCES sweep (id) DEFERRABLE INITIALLY DEFERRED,
  policy_version TEXT NOT NULL REFERENCES policy_version (id),
  PRIMARY KEY (sweep, policy_version)
) STRICT, WITHOUT ROWID;

-- What a sweep came to for some rows of its snapshot, all items: the checkpoint from which it goes on.
CREATE TABLE sweep_shard (
  sweep     INTEGER NOT NULL REFERENCES sweep (id),
  shard     INTEGER NOT NULL CHECK (shard >= 0),
  first_row INTEGER NOT NULL CHECK (first_row >= 0),
  rows      INTEGER NOT NULL CHECK (rows >= 0),
  sha256    BLOB NOT NULL CHECK (length(sha256) = 32),
  body      BLOB NOT NULL,
  counts    BLOB NOT NULL,
  at        TEXT NOT NULL CHECK (at LIKE '____-__-__T__:__:__.______Z'),
  PRIMARY KEY (sweep, shard)
) STRICT;

-- What a sweep came to otherwise than the one before it; sha256 is of the decision's canonical bytes. That the sweep runs,
-- the trigger sees to; a reference to the enterprise besides it would cost more than the row.
CREATE TABLE sweep_difference (
  sweep      INTEGER NOT NULL,
  item       TEXT NOT NULL CHECK (item <> ''),
  enterprise TEXT NOT NULL CHECK (length(enterprise) = 18),
  kind       TEXT NOT NULL,
  was        TEXT NOT NULL CHECK (was IN ('eligible', 'ineligible', 'unknown')),
  now        TEXT NOT NULL CHECK (now IN ('eligible', 'ineligible', 'unknown')),
  before_fen INTEGER CHECK (before_fen IS NULL OR (before_fen >= 0 AND was = 'eligible')),
  after_fen  INTEGER CHECK (after_fen IS NULL OR (after_fen >= 0 AND now = 'eligible')),
  sha256     BLOB NOT NULL CHECK (length(sha256) = 32),
  PRIMARY KEY (sweep, item, enterprise),
  CHECK (was <> now OR before_fen IS NOT after_fen),
  CHECK (CASE kind WHEN 'entered' THEN was <> 'eligible' AND now = 'eligible' WHEN 'left' THEN was = 'eligible' AND now <> 'eligible'
    WHEN 'amount' THEN was = 'eligible' AND now = 'eligible' WHEN 'unknown' THEN was <> 'unknown' AND now = 'unknown'
    WHEN 'known' THEN was = 'unknown' AND now = 'ineligible' ELSE 0 END)
) STRICT, WITHOUT ROWID;

-- Pairs that a sweep could not decide for a fault of the rule or the facts, by shard.
CREATE TABLE sweep_fault (
  sweep  INTEGER NOT NULL,
  shard  INTEGER NOT NULL,
  item   TEXT NOT NULL CHECK (item <> ''),
  reason TEXT NOT NULL CHECK (reason <> ''),
  pairs  INTEGER NOT NULL CHECK (pairs > 0),
  PRIMARY KEY (sweep, item, reason, shard),
  FOREIGN KEY (sweep, shard) REFERENCES sweep_shard (sweep, shard)
) STRICT, WITHOUT ROWID;

-- The totals of a sweep that is done or held.
CREATE TABLE sweep_summary (
  sweep      INTEGER NOT NULL REFERENCES sweep (id),
  item       TEXT NOT NULL CHECK (item <> ''),
  outcome    TEXT NOT NULL CHECK (outcome IN ('eligible', 'ineligible', 'unknown')),
  decisions  INTEGER NOT NULL CHECK (decisions > 0),
  amount_fen INTEGER NOT NULL CHECK (amount_fen >= 0 AND (amount_fen = 0 OR outcome = 'eligible')),
  PRIMARY KEY (sweep, item, outcome)
) STRICT, WITHOUT ROWID;

-- A file on its way in, in pieces that follow each other without a gap; dropped when it has arrived.
CREATE TABLE upload (
  id    TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
  meta  BLOB NOT NULL,
  bytes INTEGER NOT NULL CHECK (bytes >= 0),
  total INTEGER CHECK (total > 0),
  at    TEXT NOT NULL CHECK (at LIKE '____-__-__T__:__:__.______Z'),
  CHECK (total IS NULL OR bytes <= total)
) STRICT;

CREATE TABLE upload_chunk (
  upload TEXT NOT NULL REFERENCES upload (id),
  start  INTEGER NOT NULL CHECK (start >= 0),
  body   BLOB NOT NULL CHECK (length(body) > 0),
  PRIMARY KEY (upload, start)
) STRICT;

INSERT INTO snapshot (seq, id, received_at, source, rows, depth, sealed)
  SELECT s.seq, s.id, s.received_at, s.source, s.profiles, 0, 0 FROM old_snapshot s;
INSERT INTO sweep (id, slot, purpose, as_of, known_at, snapshot, vocabulary, shards, rows, status, started_at, finished_at, note)
  SELECT w.id, w.slot, 'manual', w.as_of, w.known_at, w.snapshot, w.vocabulary, 0, s.profiles, 'failed', w.started_at,
    COALESCE(w.finished_at, w.started_at),
    CASE WHEN w.status = 'failed' THEN w.note ELSE '由旧版程序比对，结果未保留，请重新比对' END
  FROM old_sweep w JOIN old_snapshot s ON s.seq = w.snapshot;
INSERT INTO sweep_policy (sweep, policy_version) SELECT sweep, policy_version FROM old_pin;
DROP TABLE old_snapshot;
DROP TABLE old_sweep;
DROP TABLE old_pin;

-- +goose StatementBegin
CREATE TRIGGER delivery_state_update BEFORE UPDATE ON delivery_state BEGIN SELECT RAISE(ABORT, 'delivery_state is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER delivery_state_delete BEFORE DELETE ON delivery_state BEGIN SELECT RAISE(ABORT, 'delivery_state is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER correction_update BEFORE UPDATE ON correction BEGIN SELECT RAISE(ABORT, 'correction is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER correction_delete BEFORE DELETE ON correction BEGIN SELECT RAISE(ABORT, 'correction is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER sweep_policy_update BEFORE UPDATE ON sweep_policy BEGIN SELECT RAISE(ABORT, 'sweep_policy is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER sweep_policy_delete BEFORE DELETE ON sweep_policy BEGIN SELECT RAISE(ABORT, 'sweep_policy is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER sweep_shard_update BEFORE UPDATE ON sweep_shard BEGIN SELECT RAISE(ABORT, 'sweep_shard is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER sweep_shard_delete BEFORE DELETE ON sweep_shard BEGIN SELECT RAISE(ABORT, 'sweep_shard is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER sweep_difference_update BEFORE UPDATE ON sweep_difference BEGIN SELECT RAISE(ABORT, 'sweep_difference is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER sweep_difference_delete BEFORE DELETE ON sweep_difference BEGIN SELECT RAISE(ABORT, 'sweep_difference is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER sweep_fault_update BEFORE UPDATE ON sweep_fault BEGIN SELECT RAISE(ABORT, 'sweep_fault is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER sweep_fault_delete BEFORE DELETE ON sweep_fault BEGIN SELECT RAISE(ABORT, 'sweep_fault is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER sweep_summary_update BEFORE UPDATE ON sweep_summary BEGIN SELECT RAISE(ABORT, 'sweep_summary is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER sweep_summary_delete BEFORE DELETE ON sweep_summary BEGIN SELECT RAISE(ABORT, 'sweep_summary is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER delivery_begins BEFORE INSERT ON delivery
WHEN NEW.id IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a delivery begins without parts'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER delivery_update BEFORE UPDATE ON delivery
WHEN OLD.id IS NOT NULL OR NEW.id IS NULL OR (NEW.seq, NEW.source, NEW.period, NEW.complete, NEW.received_at, NEW.received_by, NEW.file,
    NEW.purpose, NEW.legal_basis) IS NOT (OLD.seq, OLD.source, OLD.period, OLD.complete, OLD.received_at, OLD.received_by, OLD.file,
    OLD.purpose, OLD.legal_basis)
BEGIN SELECT RAISE(ABORT, 'a delivery is sealed once and changes no more'); END;
-- +goose StatementEnd
-- Sealing asks for the parts 0, 1, 2 and on, with all rows.
-- +goose StatementBegin
CREATE TRIGGER delivery_whole BEFORE UPDATE ON delivery
WHEN (SELECT COALESCE(max(p.part) + 1, 0) <> count(*) OR COALESCE(sum(p.rows), 0) <> NEW.rows
    FROM delivery_part p WHERE p.delivery = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'parts or rows of the delivery are missing'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER delivery_delete BEFORE DELETE ON delivery
WHEN OLD.id IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a sealed delivery is never deleted'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER delivery_part_closed BEFORE INSERT ON delivery_part
WHEN EXISTS (SELECT 1 FROM delivery d WHERE d.seq = NEW.delivery AND d.id IS NOT NULL)
BEGIN SELECT RAISE(ABORT, 'the delivery is sealed'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER delivery_part_update BEFORE UPDATE ON delivery_part
BEGIN SELECT RAISE(ABORT, 'a part never changes'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER delivery_part_delete BEFORE DELETE ON delivery_part
WHEN EXISTS (SELECT 1 FROM delivery d WHERE d.seq = OLD.delivery AND d.id IS NOT NULL)
BEGIN SELECT RAISE(ABORT, 'the delivery is sealed'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER delivery_state_sealed BEFORE INSERT ON delivery_state
WHEN NOT EXISTS (SELECT 1 FROM delivery d WHERE d.seq = NEW.delivery AND d.id IS NOT NULL)
BEGIN SELECT RAISE(ABORT, 'the delivery is not sealed'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER delivery_state_moves BEFORE INSERT ON delivery_state
WHEN NOT CASE (SELECT state FROM delivery_state s WHERE s.delivery = NEW.delivery ORDER BY seq DESC LIMIT 1)
    WHEN 'held' THEN NEW.state IN ('accepted', 'quarantined', 'withdrawn')
    WHEN 'quarantined' THEN NEW.state IN ('accepted', 'withdrawn')
    WHEN 'accepted' THEN NEW.state IN ('quarantined', 'withdrawn')
    WHEN 'withdrawn' THEN 0
    ELSE NEW.state <> 'withdrawn' END
BEGIN SELECT RAISE(ABORT, 'the delivery can not go to this state'); END;
-- +goose StatementEnd
-- After the insert, for before it an automatic seq is not known.
-- +goose StatementBegin
CREATE TRIGGER delivery_state_forward AFTER INSERT ON delivery_state
WHEN EXISTS (SELECT 1 FROM delivery_state s WHERE s.delivery = NEW.delivery AND (s.seq > NEW.seq OR s.at > NEW.at))
BEGIN SELECT RAISE(ABORT, 'the state of a delivery goes forward in time'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER snapshot_begins BEFORE INSERT ON snapshot
WHEN NEW.sealed OR (NEW.base IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM snapshot b WHERE b.seq = NEW.base AND b.sealed AND b.depth + 1 = NEW.depth))
BEGIN SELECT RAISE(ABORT, 'a snapshot begins unsealed, on a base that is sealed'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER snapshot_update BEFORE UPDATE ON snapshot
WHEN OLD.sealed OR NOT NEW.sealed OR (NEW.seq, NEW.id, NEW.as_of, NEW.known_at, NEW.received_at, NEW.source, NEW.rows, NEW.vocabulary,
    NEW.recipe, NEW.base, NEW.depth) IS NOT (OLD.seq, OLD.id, OLD.as_of, OLD.known_at, OLD.received_at, OLD.source, OLD.rows,
    OLD.vocabulary, OLD.recipe, OLD.base, OLD.depth)
BEGIN SELECT RAISE(ABORT, 'a snapshot is sealed once and changes no more'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER snapshot_delete BEFORE DELETE ON snapshot
WHEN OLD.sealed
BEGIN SELECT RAISE(ABORT, 'a sealed snapshot is never deleted'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER snapshot_chunk_closed BEFORE INSERT ON snapshot_chunk
WHEN EXISTS (SELECT 1 FROM snapshot s WHERE s.seq = NEW.snapshot AND s.sealed)
BEGIN SELECT RAISE(ABORT, 'the snapshot is sealed'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER snapshot_chunk_update BEFORE UPDATE ON snapshot_chunk
BEGIN SELECT RAISE(ABORT, 'a chunk never changes'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER snapshot_chunk_delete BEFORE DELETE ON snapshot_chunk
WHEN EXISTS (SELECT 1 FROM snapshot s WHERE s.seq = OLD.snapshot AND s.sealed)
BEGIN SELECT RAISE(ABORT, 'the snapshot is sealed'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER sweep_begins BEFORE INSERT ON sweep
WHEN NEW.status <> 'running' OR NOT EXISTS (SELECT 1 FROM snapshot s WHERE s.seq = NEW.snapshot AND s.sealed)
  OR (NEW.previous IS NOT NULL AND NOT EXISTS (SELECT 1 FROM sweep p WHERE p.id = NEW.previous AND p.status = 'done'))
BEGIN SELECT RAISE(ABORT, 'a sweep begins running, on a sealed snapshot, after one that is done'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER sweep_plan BEFORE UPDATE ON sweep
WHEN OLD.status NOT IN ('running', 'held') OR (NEW.id, NEW.slot, NEW.purpose, NEW.as_of, NEW.known_at, NEW.snapshot, NEW.vocabulary,
    NEW.previous, NEW.shards, NEW.rows, NEW.hold, NEW.started_at) IS NOT (OLD.id, OLD.slot, OLD.purpose, OLD.as_of, OLD.known_at, OLD.snapshot,
    OLD.vocabulary, OLD.previous, OLD.shards, OLD.rows, OLD.hold, OLD.started_at)
BEGIN SELECT RAISE(ABORT, 'the plan of a sweep and a finished sweep never change'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER sweep_release BEFORE UPDATE ON sweep
WHEN CASE OLD.status WHEN 'held' THEN NEW.released_at IS NULL OR NEW.finished_at <> OLD.finished_at OR NEW.note <> OLD.note
    ELSE NEW.released_at IS NOT NULL END
BEGIN SELECT RAISE(ABORT, 'a sweep that is held waits for a person, no other does'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER sweep_whole BEFORE UPDATE ON sweep
WHEN NEW.status IN ('done', 'held') AND (SELECT count(*) <> NEW.shards OR COALESCE(sum(h.rows), 0) <> NEW.rows
    FROM sweep_shard h WHERE h.sweep = NEW.id)
BEGIN SELECT RAISE(ABORT, 'shards of the sweep are missing'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER sweep_delete BEFORE DELETE ON sweep
BEGIN SELECT RAISE(ABORT, 'a sweep is never deleted'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER sweep_policy_closed BEFORE INSERT ON sweep_policy
WHEN EXISTS (SELECT 1 FROM sweep WHERE id = NEW.sweep)
BEGIN SELECT RAISE(ABORT, 'the plan of the sweep is closed'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER sweep_shard_runs BEFORE INSERT ON sweep_shard
WHEN NOT EXISTS (SELECT 1 FROM sweep s WHERE s.id = NEW.sweep AND s.status = 'running')
BEGIN SELECT RAISE(ABORT, 'the sweep is not running'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER sweep_difference_runs BEFORE INSERT ON sweep_difference
WHEN NOT EXISTS (SELECT 1 FROM sweep s WHERE s.id = NEW.sweep AND s.status = 'running')
BEGIN SELECT RAISE(ABORT, 'the sweep is not running'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER sweep_fault_runs BEFORE INSERT ON sweep_fault
WHEN NOT EXISTS (SELECT 1 FROM sweep s WHERE s.id = NEW.sweep AND s.status = 'running')
BEGIN SELECT RAISE(ABORT, 'the sweep is not running'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER sweep_summary_runs BEFORE INSERT ON sweep_summary
WHEN NOT EXISTS (SELECT 1 FROM sweep s WHERE s.id = NEW.sweep AND s.status = 'running')
BEGIN SELECT RAISE(ABORT, 'the sweep is not running'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER sweep_shard_fits BEFORE INSERT ON sweep_shard
WHEN EXISTS (SELECT 1 FROM sweep s WHERE s.id = NEW.sweep AND (NEW.shard >= s.shards OR NEW.first_row + NEW.rows > s.rows))
BEGIN SELECT RAISE(ABORT, 'the shard is not one of the sweep'); END;
-- +goose StatementEnd
