-- The first tables. Twin of sqlite/0001_first.sql: same names, same meanings, same promises.
--
-- Instants are TIMESTAMPTZ, civil dates are DATE, money is BIGINT in 分, content addresses are lower-case hexadecimal. All text
-- compares byte by byte (COLLATE "C"), as it does in SQLite. Tables said to be append-only refuse UPDATE, DELETE and
-- TRUNCATE by trigger.

-- +goose Up

-- A published policy as an immutable version; id is the SHA-256 of files.
CREATE TABLE policy_version (
  id           TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (id ~ '^[0-9a-f]{64}$'),
  policy_id    TEXT COLLATE "C" NOT NULL CHECK (policy_id <> ''),
  title        TEXT COLLATE "C" NOT NULL CHECK (title <> ''),
  published_at TIMESTAMPTZ NOT NULL,
  published_by TEXT COLLATE "C" NOT NULL CHECK (published_by <> ''),
  files        BYTEA NOT NULL CHECK (length(files) > 0),
  UNIQUE (policy_id, id)
);

-- Which version of a policy counts from when on; append-only, the highest seq of a policy is the current one.
CREATE TABLE policy_pointer (
  seq       BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  policy_id TEXT COLLATE "C" NOT NULL,
  version   TEXT COLLATE "C" NOT NULL,
  at        TIMESTAMPTZ NOT NULL,
  set_by    TEXT COLLATE "C" NOT NULL CHECK (set_by <> ''),
  FOREIGN KEY (policy_id, version) REFERENCES policy_version (policy_id, id)
);
CREATE INDEX policy_pointer_policy ON policy_pointer (policy_id, seq);

CREATE VIEW current_policy AS
  SELECT policy_id, version, at AS changed_at FROM policy_pointer p
  WHERE seq = (SELECT max(seq) FROM policy_pointer WHERE policy_id = p.policy_id);

-- A published vocabulary; id is the SHA-256 of body.
CREATE TABLE vocabulary_version (
  id           TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (id ~ '^[0-9a-f]{64}$'),
  published_at TIMESTAMPTZ NOT NULL,
  published_by TEXT COLLATE "C" NOT NULL CHECK (published_by <> ''),
  body         BYTEA NOT NULL CHECK (length(body) > 0)
);

-- Which vocabulary counts from when on; append-only, the highest seq is the current one.
CREATE TABLE vocabulary_pointer (
  seq     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  version TEXT COLLATE "C" NOT NULL REFERENCES vocabulary_version (id),
  at      TIMESTAMPTZ NOT NULL,
  set_by  TEXT COLLATE "C" NOT NULL CHECK (set_by <> '')
);

-- Every enterprise ever seen, under the name of the last snapshot that holds it. folded is for searching only.
CREATE TABLE enterprise (
  uscc   TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (uscc ~ '^[0-9A-Z]{18}$'),
  name   TEXT COLLATE "C" NOT NULL CHECK (name <> ''),
  folded TEXT COLLATE "C" NOT NULL
);

-- A set of profiles as received; id is the SHA-256 of its contents (see snapshot.go).
CREATE TABLE snapshot (
  seq         BIGINT PRIMARY KEY,
  id          TEXT COLLATE "C" NOT NULL UNIQUE CHECK (id ~ '^[0-9a-f]{64}$'),
  received_at TIMESTAMPTZ NOT NULL,
  source      TEXT COLLATE "C" NOT NULL CHECK (source <> ''),
  profiles    BIGINT NOT NULL CHECK (profiles >= 0)
);

-- The snapshot's own row comes last in the transaction, when its hash is known: so the reference is deferred.
CREATE TABLE profile (
  snapshot BIGINT NOT NULL REFERENCES snapshot (seq) DEFERRABLE INITIALLY DEFERRED,
  uscc     TEXT COLLATE "C" NOT NULL REFERENCES enterprise (uscc),
  name     TEXT COLLATE "C" NOT NULL CHECK (name <> ''),
  body     BYTEA NOT NULL,
  PRIMARY KEY (snapshot, uscc)
);

-- One comparison of all items with all enterprises. Its plan never changes; status goes from running to done or failed.
CREATE TABLE sweep (
  id          BIGINT PRIMARY KEY,
  slot        TEXT COLLATE "C" UNIQUE CHECK (slot <> ''),
  as_of       DATE NOT NULL,
  known_at    TIMESTAMPTZ NOT NULL,
  snapshot    BIGINT NOT NULL REFERENCES snapshot (seq),
  vocabulary  TEXT COLLATE "C" NOT NULL REFERENCES vocabulary_version (id),
  status      TEXT COLLATE "C" NOT NULL CHECK (status IN ('running', 'done', 'failed')),
  started_at  TIMESTAMPTZ NOT NULL,
  finished_at TIMESTAMPTZ,
  note        TEXT COLLATE "C" NOT NULL DEFAULT '',
  CHECK ((status = 'running') = (finished_at IS NULL))
);

-- The policy versions that a sweep applies. They come before the sweep's own row, which closes the plan.
CREATE TABLE sweep_policy (
  sweep          BIGINT NOT NULL REFERENCES sweep (id) DEFERRABLE INITIALLY DEFERRED,
  policy_version TEXT COLLATE "C" NOT NULL REFERENCES policy_version (id),
  PRIMARY KEY (sweep, policy_version)
);

-- What one item means for one enterprise. sweep is the first one that came to it; later ones only refer to it.
CREATE TABLE decision (
  seq            BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id             TEXT COLLATE "C" NOT NULL UNIQUE CHECK (id <> ''),
  sweep          BIGINT NOT NULL,
  policy_version TEXT COLLATE "C" NOT NULL,
  item           TEXT COLLATE "C" NOT NULL CHECK (item <> ''),
  enterprise     TEXT COLLATE "C" NOT NULL REFERENCES enterprise (uscc),
  as_of          DATE NOT NULL,
  outcome        TEXT COLLATE "C" NOT NULL CHECK (outcome IN ('eligible', 'ineligible', 'unknown')),
  amount_fen     BIGINT CHECK (amount_fen IS NULL OR (amount_fen >= 0 AND outcome = 'eligible')),
  sha256         BYTEA NOT NULL CHECK (length(sha256) = 32),
  body           BYTEA,
  FOREIGN KEY (sweep, policy_version) REFERENCES sweep_policy (sweep, policy_version)
);

-- The decisions that a sweep came to: at most one for each pair. That both exist, and belong together, the trigger
-- sweep_decision_fits sees to; references besides it would double the cost of a night.
CREATE TABLE sweep_decision (
  sweep      BIGINT NOT NULL,
  enterprise TEXT COLLATE "C" NOT NULL,
  item       TEXT COLLATE "C" NOT NULL,
  decision   BIGINT NOT NULL,
  PRIMARY KEY (sweep, enterprise, item)
);

-- The totals of a sweep that is done.
CREATE TABLE sweep_summary (
  sweep      BIGINT NOT NULL REFERENCES sweep (id),
  item       TEXT COLLATE "C" NOT NULL,
  outcome    TEXT COLLATE "C" NOT NULL CHECK (outcome IN ('eligible', 'ineligible', 'unknown')),
  decisions  BIGINT NOT NULL CHECK (decisions > 0),
  amount_fen BIGINT NOT NULL CHECK (amount_fen >= 0 AND (amount_fen = 0 OR outcome = 'eligible')),
  PRIMARY KEY (sweep, item, outcome)
);

-- What followers such as the search index must look at, in the order in which it was committed; append-only.
CREATE TABLE change (
  seq     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at      TIMESTAMPTZ NOT NULL,
  kind    TEXT COLLATE "C" NOT NULL CHECK (kind <> ''),
  subject TEXT COLLATE "C" NOT NULL CHECK (subject <> '')
);

-- A tick of the schedule; the key lets one node have it. It is finished once.
CREATE TABLE job_slot (
  job         TEXT COLLATE "C" NOT NULL CHECK (job <> ''),
  slot        TEXT COLLATE "C" NOT NULL CHECK (slot <> ''),
  started_at  TIMESTAMPTZ NOT NULL,
  finished_at TIMESTAMPTZ,
  outcome     TEXT COLLATE "C" CHECK (outcome <> ''),
  PRIMARY KEY (job, slot),
  CHECK ((finished_at IS NULL) = (outcome IS NULL))
);

-- +goose StatementBegin
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% on % is refused: %', TG_OP, TG_TABLE_NAME, TG_ARGV[0] USING ERRCODE = 'restrict_violation';
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
DO $$
DECLARE name TEXT;
BEGIN
  FOREACH name IN ARRAY ARRAY['policy_version', 'policy_pointer', 'vocabulary_version', 'vocabulary_pointer',
    'snapshot', 'profile', 'sweep_policy', 'decision', 'sweep_decision', 'sweep_summary', 'change'] LOOP
    EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION refuse(%L)',
      name || '_append_only', name, 'the table is append-only');
  END LOOP;
  FOREACH name IN ARRAY ARRAY['enterprise', 'sweep', 'job_slot'] LOOP
    EXECUTE format('CREATE TRIGGER %I BEFORE DELETE ON %I FOR EACH ROW EXECUTE FUNCTION refuse(%L)',
      name || '_delete', name, 'its rows are never deleted');
  END LOOP;
  FOREACH name IN ARRAY ARRAY['policy_version', 'policy_pointer', 'vocabulary_version', 'vocabulary_pointer',
    'snapshot', 'profile', 'sweep_policy', 'decision', 'sweep_decision', 'sweep_summary', 'change', 'enterprise',
    'sweep', 'job_slot'] LOOP
    EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse(%L)',
      name || '_truncate', name, 'its rows are never deleted');
  END LOOP;
END $$;
-- +goose StatementEnd

CREATE TRIGGER enterprise_uscc BEFORE UPDATE ON enterprise FOR EACH ROW WHEN (NEW.uscc <> OLD.uscc)
  EXECUTE FUNCTION refuse('the code of an enterprise never changes');

CREATE TRIGGER sweep_plan BEFORE UPDATE ON sweep FOR EACH ROW
  WHEN (OLD.status <> 'running' OR NEW.id <> OLD.id OR NEW.slot IS DISTINCT FROM OLD.slot OR NEW.as_of <> OLD.as_of
    OR NEW.known_at <> OLD.known_at OR NEW.snapshot <> OLD.snapshot OR NEW.vocabulary <> OLD.vocabulary
    OR NEW.started_at <> OLD.started_at)
  EXECUTE FUNCTION refuse('the plan of a sweep and a finished sweep never change');

CREATE TRIGGER job_slot_update BEFORE UPDATE ON job_slot FOR EACH ROW
  WHEN (OLD.finished_at IS NOT NULL OR NEW.job <> OLD.job OR NEW.slot <> OLD.slot OR NEW.started_at <> OLD.started_at)
  EXECUTE FUNCTION refuse('a job slot is finished once and never moved');

-- +goose StatementBegin
CREATE FUNCTION profile_closed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM added a JOIN snapshot s ON s.seq = a.snapshot) THEN
    RAISE EXCEPTION 'the snapshot is closed' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER profile_closed AFTER INSERT ON profile REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION profile_closed();

-- +goose StatementBegin
CREATE FUNCTION sweep_policy_closed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM added a JOIN sweep s ON s.id = a.sweep) THEN
    RAISE EXCEPTION 'the plan of the sweep is closed' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER sweep_policy_closed AFTER INSERT ON sweep_policy REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION sweep_policy_closed();

-- +goose StatementBegin
CREATE FUNCTION sweep_decision_fits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
    SELECT 1 FROM added a
    LEFT JOIN decision d ON d.seq = a.decision AND d.enterprise = a.enterprise AND d.item = a.item
    LEFT JOIN sweep s ON s.id = a.sweep AND s.status = 'running'
    LEFT JOIN sweep_policy p ON p.sweep = a.sweep AND p.policy_version = d.policy_version
    WHERE p.sweep IS NULL OR s.id IS NULL) THEN
    RAISE EXCEPTION 'the decision is of another pair or of a policy version outside the sweep, or the sweep is not running'
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER sweep_decision_fits AFTER INSERT ON sweep_decision REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION sweep_decision_fits();
