-- The tamper-evident log. Twin of sqlite/0004_audit.sql: same names, same meanings, same promises. Besides the triggers, the
-- privileges to change and delete are taken from everybody, the owner too: who wants to must grant them to himself first.
-- References to the append-only tables would need the owner's privilege to lock their rows, so triggers stand for them.

-- +goose Up

-- A record of a state change; body are its canonical bytes (see internal/audit), the other columns repeat what is asked for.
-- Append-only; the numbers have no gaps.
CREATE TABLE audit_record (
  seq     BIGINT PRIMARY KEY CHECK (seq >= 1),
  at      TIMESTAMPTZ NOT NULL,
  kind    TEXT COLLATE "C" NOT NULL CHECK (kind <> ''),
  subject TEXT COLLATE "C" NOT NULL CHECK (subject <> ''),
  body    BYTEA NOT NULL CHECK (length(body) > 0)
);
CREATE INDEX audit_record_subject ON audit_record (subject, seq);

-- The lock row: whoever takes the next number holds it to the end of the transaction. last is NULL before the first record.
CREATE TABLE audit_head (
  id   INTEGER PRIMARY KEY CHECK (id = 1),
  last BIGINT
) WITH (fillfactor = 10);
INSERT INTO audit_head VALUES (1, NULL);

-- The hashes of the tree in the order in which records add them; append-only, without gaps. record is the one that added it.
CREATE TABLE audit_hash (
  idx    BIGINT PRIMARY KEY CHECK (idx >= 0),
  record BIGINT NOT NULL,
  hash   BYTEA NOT NULL CHECK (length(hash) = 32)
);

-- The salts of a record's seals. They may be destroyed, which ends what anybody can tell of the sealed value; never changed.
CREATE TABLE audit_salt (
  record BIGINT NOT NULL,
  name   TEXT COLLATE "C" NOT NULL CHECK (name <> ''),
  salt   BYTEA NOT NULL CHECK (length(salt) = 32),
  PRIMARY KEY (record, name)
);

-- A signed checkpoint of the first size records; append-only, sizes and instants go up.
CREATE TABLE audit_checkpoint (
  size BIGINT PRIMARY KEY,
  at   TIMESTAMPTZ NOT NULL,
  note TEXT COLLATE "C" NOT NULL CHECK (note <> '')
);

-- +goose StatementBegin
CREATE FUNCTION audit_record_next() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.seq IS DISTINCT FROM (SELECT last FROM audit_head)
    OR NEW.seq <> (SELECT COALESCE(max(seq), 0) + 1 FROM audit_record) THEN
    RAISE EXCEPTION 'the record does not have the number taken' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER audit_record_next BEFORE INSERT ON audit_record FOR EACH ROW EXECUTE FUNCTION audit_record_next();

-- +goose StatementBegin
CREATE FUNCTION audit_hash_next() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.record IS DISTINCT FROM (SELECT max(seq) FROM audit_record)
    OR NEW.idx <> (SELECT COALESCE(max(idx), -1) + 1 FROM audit_hash) THEN
    RAISE EXCEPTION 'the hash is not the next one of the last record' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER audit_hash_next BEFORE INSERT ON audit_hash FOR EACH ROW EXECUTE FUNCTION audit_hash_next();

-- +goose StatementBegin
CREATE FUNCTION audit_salt_next() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.record IS DISTINCT FROM (SELECT max(seq) FROM audit_record) THEN
    RAISE EXCEPTION 'the salt is not of the last record' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER audit_salt_next BEFORE INSERT ON audit_salt FOR EACH ROW EXECUTE FUNCTION audit_salt_next();

-- +goose StatementBegin
CREATE FUNCTION audit_checkpoint_next() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM audit_record WHERE seq = NEW.size)
    OR EXISTS (SELECT 1 FROM audit_checkpoint WHERE size >= NEW.size OR at > NEW.at) THEN
    RAISE EXCEPTION 'the checkpoint is not after the last one' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER audit_checkpoint_next BEFORE INSERT ON audit_checkpoint FOR EACH ROW EXECUTE FUNCTION audit_checkpoint_next();

-- At the end of the transaction the number taken must have its record.
-- +goose StatementBegin
CREATE FUNCTION audit_head_used() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM audit_record WHERE seq = NEW.last) THEN
    RAISE EXCEPTION 'a number was taken without a record' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER audit_head_used AFTER UPDATE ON audit_head DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION audit_head_used();
CREATE TRIGGER audit_head_update BEFORE UPDATE ON audit_head FOR EACH ROW
  WHEN (NEW.id <> OLD.id OR NEW.last IS DISTINCT FROM COALESCE(OLD.last, 0) + 1) EXECUTE FUNCTION refuse('it goes up by one');
CREATE TRIGGER audit_head_insert BEFORE INSERT OR DELETE ON audit_head FOR EACH ROW EXECUTE FUNCTION refuse('it has one row');

CREATE TRIGGER audit_salt_update BEFORE UPDATE ON audit_salt FOR EACH ROW EXECUTE FUNCTION refuse('a salt is never changed');

-- +goose StatementBegin
DO $$
DECLARE name TEXT;
BEGIN
  FOREACH name IN ARRAY ARRAY['audit_record', 'audit_hash', 'audit_checkpoint'] LOOP
    EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION refuse(%L)',
      name || '_append_only', name, 'the table is append-only');
    EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON %I FROM PUBLIC, CURRENT_USER', name);
  END LOOP;
  FOREACH name IN ARRAY ARRAY['audit_record', 'audit_head', 'audit_hash', 'audit_checkpoint', 'audit_salt'] LOOP
    EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse(%L)',
      name || '_truncate', name, 'its rows are never deleted');
  END LOOP;
  EXECUTE 'REVOKE DELETE, TRUNCATE ON audit_head FROM PUBLIC, CURRENT_USER';
  EXECUTE 'REVOKE UPDATE, TRUNCATE ON audit_salt FROM PUBLIC, CURRENT_USER';
END $$;
-- +goose StatementEnd
