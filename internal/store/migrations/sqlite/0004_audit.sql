-- The tamper-evident log. Twin of postgres/0004_audit.sql: same names, same meanings, same promises.

-- +goose Up

-- A record of a state change; body are its canonical bytes (see internal/audit), the other columns repeat what is asked for.
-- Append-only; the numbers have no gaps.
CREATE TABLE audit_record (
  seq     INTEGER PRIMARY KEY CHECK (seq >= 1),
  at      TEXT NOT NULL CHECK (at LIKE '____-__-__T__:__:__.______Z'),
  kind    TEXT NOT NULL CHECK (kind <> ''),
  subject TEXT NOT NULL CHECK (subject <> ''),
  body    BLOB NOT NULL CHECK (length(body) > 0)
) STRICT;
CREATE INDEX audit_record_subject ON audit_record (subject, seq);

-- The lock row: whoever takes the next number holds it to the end of the transaction. last is NULL before the first record.
CREATE TABLE audit_head (
  id   INTEGER PRIMARY KEY CHECK (id = 1),
  last INTEGER REFERENCES audit_record (seq) DEFERRABLE INITIALLY DEFERRED
) STRICT;
INSERT INTO audit_head VALUES (1, NULL);

-- The hashes of the tree in the order in which records add them; append-only, without gaps. record is the one that added it.
CREATE TABLE audit_hash (
  idx    INTEGER PRIMARY KEY CHECK (idx >= 0),
  record INTEGER NOT NULL REFERENCES audit_record (seq),
  hash   BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

-- The salts of a record's seals. They may be destroyed, which ends what anybody can tell of the sealed value; never changed.
CREATE TABLE audit_salt (
  record INTEGER NOT NULL REFERENCES audit_record (seq),
  name   TEXT NOT NULL CHECK (name <> ''),
  salt   BLOB NOT NULL CHECK (length(salt) = 32),
  PRIMARY KEY (record, name)
) STRICT, WITHOUT ROWID;

-- A signed checkpoint of the first size records; append-only, sizes and instants go up.
CREATE TABLE audit_checkpoint (
  size INTEGER PRIMARY KEY REFERENCES audit_record (seq),
  at   TEXT NOT NULL CHECK (at LIKE '____-__-__T__:__:__.______Z'),
  note TEXT NOT NULL CHECK (note <> '')
) STRICT;

-- +goose StatementBegin
CREATE TRIGGER audit_record_next BEFORE INSERT ON audit_record
WHEN NEW.seq IS NOT (SELECT last FROM audit_head) OR NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM audit_record)
BEGIN SELECT RAISE(ABORT, 'the record does not have the number taken'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_hash_next BEFORE INSERT ON audit_hash
WHEN NEW.record IS NOT (SELECT max(seq) FROM audit_record) OR NEW.idx IS NOT (SELECT coalesce(max(idx), -1) + 1 FROM audit_hash)
BEGIN SELECT RAISE(ABORT, 'the hash is not the next one of the last record'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_salt_next BEFORE INSERT ON audit_salt WHEN NEW.record IS NOT (SELECT max(seq) FROM audit_record)
BEGIN SELECT RAISE(ABORT, 'the salt is not of the last record'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_checkpoint_next BEFORE INSERT ON audit_checkpoint
WHEN EXISTS (SELECT 1 FROM audit_checkpoint WHERE size >= NEW.size OR at > NEW.at)
BEGIN SELECT RAISE(ABORT, 'the checkpoint is not after the last one'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_head_insert BEFORE INSERT ON audit_head BEGIN SELECT RAISE(ABORT, 'audit_head has one row'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_head_update BEFORE UPDATE ON audit_head
WHEN NEW.id IS NOT OLD.id OR NEW.last IS NOT coalesce(OLD.last, 0) + 1
BEGIN SELECT RAISE(ABORT, 'audit_head goes up by one'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_head_delete BEFORE DELETE ON audit_head BEGIN SELECT RAISE(ABORT, 'audit_head has one row'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_record_update BEFORE UPDATE ON audit_record BEGIN SELECT RAISE(ABORT, 'audit_record is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_record_delete BEFORE DELETE ON audit_record BEGIN SELECT RAISE(ABORT, 'audit_record is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_hash_update BEFORE UPDATE ON audit_hash BEGIN SELECT RAISE(ABORT, 'audit_hash is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_hash_delete BEFORE DELETE ON audit_hash BEGIN SELECT RAISE(ABORT, 'audit_hash is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_checkpoint_update BEFORE UPDATE ON audit_checkpoint BEGIN SELECT RAISE(ABORT, 'audit_checkpoint is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_checkpoint_delete BEFORE DELETE ON audit_checkpoint BEGIN SELECT RAISE(ABORT, 'audit_checkpoint is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_salt_update BEFORE UPDATE ON audit_salt BEGIN SELECT RAISE(ABORT, 'a salt is never changed'); END;
-- +goose StatementEnd
