-- What firms are told. Twin of postgres/0007_notify.sql: same names, same meanings, same promises.

-- +goose Up

-- How far a follower of the sequence of changes has come. The events of a change and this row are written in one transaction.
CREATE TABLE follower (
  name TEXT NOT NULL PRIMARY KEY CHECK (name <> ''),
  seq  INTEGER NOT NULL CHECK (seq >= 0),
  at   TEXT NOT NULL CHECK (at LIKE '____-__-__T__:__:__.______Z')
) STRICT;

-- Something that a firm should know. id is the SHA-256 of kind, enterprise and subject: nobody hears it twice. data are what the
-- words are made of, as JSON; worth is what it may bring in 分, for the order under a cap.
CREATE TABLE event (
  id         TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 64 AND id NOT GLOB '*[^0-9a-f]*'),
  kind       TEXT NOT NULL CHECK (kind <> ''),
  enterprise TEXT NOT NULL REFERENCES enterprise (uscc),
  subject    TEXT NOT NULL CHECK (subject <> ''),
  at         TEXT NOT NULL CHECK (at LIKE '____-__-__T__:__:__.______Z'),
  change     INTEGER REFERENCES change (seq),
  item       TEXT NOT NULL,
  decision   TEXT NOT NULL,
  worth_fen  INTEGER NOT NULL CHECK (worth_fen >= 0),
  due        TEXT CHECK (length(due) = 10 AND date(due) IS due),
  data       TEXT NOT NULL CHECK (data LIKE '{%'),
  UNIQUE (kind, enterprise, subject)
) STRICT;
CREATE INDEX event_enterprise ON event (enterprise, at);

-- What has been looked ahead for, firm by firm: for each row of a snapshot a print of what is known of the firm, and the day from which
-- on dates alone may bring something else. A row of this table holds many firms; all of it may be thrown away and is made again.
CREATE TABLE outlook (
  shard INTEGER NOT NULL PRIMARY KEY CHECK (shard >= 0),
  sweep INTEGER NOT NULL REFERENCES sweep (id),
  body  BLOB NOT NULL
) STRICT;

-- What a firm wants to hear, when and how. No row: the inbox alone, at once.
CREATE TABLE preference (
  enterprise   TEXT NOT NULL PRIMARY KEY REFERENCES enterprise (uscc),
  topics       TEXT NOT NULL DEFAULT '',
  departments  TEXT NOT NULL DEFAULT '',
  industries   TEXT NOT NULL DEFAULT '',
  quiet_from   INTEGER CHECK (quiet_from BETWEEN 0 AND 1439),
  quiet_to     INTEGER CHECK (quiet_to BETWEEN 0 AND 1439),
  working_days INTEGER NOT NULL DEFAULT 0 CHECK (working_days IN (0, 1)),
  digest       TEXT NOT NULL DEFAULT 'none' CHECK (digest IN ('none', 'daily', 'weekly')),
  a_day        INTEGER NOT NULL DEFAULT 5 CHECK (a_day BETWEEN 0 AND 100),
  changed_by   TEXT NOT NULL CHECK (changed_by <> ''),
  changed_at   TEXT NOT NULL CHECK (changed_at LIKE '____-__-__T__:__:__.______Z'),
  CHECK ((quiet_from IS NULL) = (quiet_to IS NULL))
) STRICT;

-- Where a firm can be reached. address is sealed; masked is for people. stopped_at is the opt-out, by the link in a message or a page.
CREATE TABLE contact (
  enterprise  TEXT NOT NULL REFERENCES enterprise (uscc),
  channel     TEXT NOT NULL CHECK (channel IN ('inbox', 'smtp', 'webhook', 'sms', 'wecom', 'log')),
  address     BLOB NOT NULL,
  masked      TEXT NOT NULL,
  secret      BLOB,
  verified_at TEXT CHECK (verified_at LIKE '____-__-__T__:__:__.______Z'),
  stopped_at  TEXT CHECK (stopped_at LIKE '____-__-__T__:__:__.______Z'),
  token       TEXT NOT NULL UNIQUE CHECK (length(token) = 64),
  PRIMARY KEY (enterprise, channel)
) STRICT;

-- One message of an event on a channel. Every row ends delivered, dead, unknown, dropped or digested, all visible (N1). A lease has an
-- owner, a number and an end; whoever comes back with an old number is refused.
CREATE TABLE outbox (
  event       TEXT NOT NULL REFERENCES event (id),
  channel     TEXT NOT NULL CHECK (channel IN ('inbox', 'smtp', 'webhook', 'sms', 'wecom', 'log')),
  enterprise  TEXT NOT NULL,
  state       TEXT NOT NULL CHECK (state IN ('waiting', 'leased', 'sending', 'delivered', 'dead', 'unknown', 'dropped', 'digested')),
  next_at     TEXT NOT NULL CHECK (next_at LIKE '____-__-__T__:__:__.______Z'),
  attempt     INTEGER NOT NULL DEFAULT 0 CHECK (attempt >= 0),
  lease_owner TEXT,
  lease_until TEXT CHECK (lease_until LIKE '____-__-__T__:__:__.______Z'),
  ended_at    TEXT CHECK (ended_at LIKE '____-__-__T__:__:__.______Z'),
  note        TEXT NOT NULL DEFAULT '',
  digest      TEXT,
  PRIMARY KEY (event, channel),
  CHECK ((state IN ('leased', 'sending')) = (lease_owner IS NOT NULL) AND (lease_owner IS NULL) = (lease_until IS NULL)),
  CHECK ((state IN ('delivered', 'dead', 'unknown', 'dropped', 'digested')) = (ended_at IS NOT NULL)),
  CHECK (state NOT IN ('dead', 'unknown', 'dropped') OR note <> '')
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_next ON outbox (channel, next_at) WHERE state = 'waiting';
CREATE INDEX outbox_lease ON outbox (lease_until) WHERE state IN ('leased', 'sending');
CREATE INDEX outbox_enterprise ON outbox (enterprise, channel, ended_at);

-- Each attempt to send, with what came of it; append-only. A row without an end is a crash between send and mark.
CREATE TABLE outbox_attempt (
  event    TEXT NOT NULL,
  channel  TEXT NOT NULL,
  attempt  INTEGER NOT NULL CHECK (attempt >= 1),
  begun_at TEXT NOT NULL CHECK (begun_at LIKE '____-__-__T__:__:__.______Z'),
  ended_at TEXT CHECK (ended_at LIKE '____-__-__T__:__:__.______Z'),
  outcome  TEXT CHECK (outcome IN ('delivered', 'retry', 'refused', 'unknown')),
  note     TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (event, channel, attempt),
  FOREIGN KEY (event, channel) REFERENCES outbox (event, channel),
  CHECK ((ended_at IS NULL) = (outcome IS NULL))
) STRICT, WITHOUT ROWID;

-- What became of an event at the firm: read, and acted on.
CREATE TABLE reading (
  event    TEXT NOT NULL PRIMARY KEY REFERENCES event (id),
  seen_at  TEXT NOT NULL CHECK (seen_at LIKE '____-__-__T__:__:__.______Z'),
  acted_at TEXT CHECK (acted_at LIKE '____-__-__T__:__:__.______Z')
) STRICT;

-- The words of a kind of event on a channel ('' for all); append-only, the highest version counts.
CREATE TABLE template (
  kind    TEXT NOT NULL CHECK (kind <> ''),
  channel TEXT NOT NULL,
  version INTEGER NOT NULL CHECK (version >= 1),
  title   TEXT NOT NULL CHECK (title <> ''),
  body    TEXT NOT NULL CHECK (body <> '' AND length(body) <= 8000),
  set_by  TEXT NOT NULL CHECK (set_by <> ''),
  at      TEXT NOT NULL CHECK (at LIKE '____-__-__T__:__:__.______Z'),
  PRIMARY KEY (kind, channel, version)
) STRICT, WITHOUT ROWID;

-- A fact that a firm supplied or put right, with what proves it; a department confirms or refuses, and then a correction is made.
CREATE TABLE supplied_fact (
  id          TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
  enterprise  TEXT NOT NULL REFERENCES enterprise (uscc),
  field       TEXT NOT NULL CHECK (field <> ''),
  period      TEXT NOT NULL CHECK (period <> ''),
  cell        TEXT NOT NULL CHECK (cell <> '' AND length(cell) <= 4000),
  unit        TEXT NOT NULL,
  note        TEXT NOT NULL,
  file_name   TEXT,
  file        BLOB CHECK (length(file) BETWEEN 1 AND 10485760),
  supplied_by TEXT NOT NULL REFERENCES person (id),
  supplied_at TEXT NOT NULL CHECK (supplied_at LIKE '____-__-__T__:__:__.______Z'),
  answer      TEXT CHECK (answer IN ('confirmed', 'refused')),
  reason      TEXT,
  answered_by TEXT REFERENCES person (id),
  answered_at TEXT CHECK (answered_at LIKE '____-__-__T__:__:__.______Z'),
  CHECK ((answer IS NULL) = (answered_by IS NULL) AND (answer IS NULL) = (answered_at IS NULL) AND (answer IS NULL) = (reason IS NULL)),
  CHECK (answered_by <> supplied_by),
  CHECK ((file IS NULL) = (file_name IS NULL))
) STRICT;
CREATE INDEX supplied_fact_enterprise ON supplied_fact (enterprise, supplied_at);

-- A secret address of a firm's calendar and feed. sum is the SHA-256 of its token, which is shown once and kept nowhere. It counts
-- until it is ended, and as long as the person who had it made acts for the firm.
CREATE TABLE feed_address (
  sum        TEXT NOT NULL PRIMARY KEY CHECK (length(sum) = 64 AND sum NOT GLOB '*[^0-9a-f]*'),
  enterprise TEXT NOT NULL REFERENCES enterprise (uscc),
  person     TEXT NOT NULL REFERENCES person (id),
  made_at    TEXT NOT NULL CHECK (made_at LIKE '____-__-__T__:__:__.______Z'),
  ended_at   TEXT CHECK (ended_at LIKE '____-__-__T__:__:__.______Z'),
  ended_by   TEXT REFERENCES person (id),
  CHECK ((ended_at IS NULL) = (ended_by IS NULL))
) STRICT;
CREATE UNIQUE INDEX feed_address_live ON feed_address (enterprise, person) WHERE ended_at IS NULL;

-- What a firm's calendar said last of a day, so that calendar programs are told when it moves or is off. sequence counts its changes.
CREATE TABLE calendar_entry (
  enterprise TEXT NOT NULL REFERENCES enterprise (uscc),
  uid        TEXT NOT NULL CHECK (uid <> ''),
  day        TEXT NOT NULL CHECK (length(day) = 10 AND date(day) IS day),
  title      TEXT NOT NULL,
  text       TEXT NOT NULL,
  path       TEXT NOT NULL,
  cancelled  INTEGER NOT NULL CHECK (cancelled IN (0, 1)),
  sequence   INTEGER NOT NULL CHECK (sequence >= 0),
  changed_at TEXT NOT NULL CHECK (changed_at LIKE '____-__-__T__:__:__.______Z'),
  PRIMARY KEY (enterprise, uid)
) STRICT, WITHOUT ROWID;

-- +goose StatementBegin
CREATE TRIGGER follower_forward BEFORE UPDATE ON follower WHEN NEW.name <> OLD.name OR NEW.seq < OLD.seq
BEGIN SELECT RAISE(ABORT, 'a follower goes forward'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER event_update BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'event is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER event_delete BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'event is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER outbox_begins BEFORE INSERT ON outbox
WHEN NEW.state <> 'waiting' OR NEW.attempt <> 0 OR NOT EXISTS (SELECT 1 FROM event e WHERE e.id = NEW.event AND e.enterprise = NEW.enterprise)
BEGIN SELECT RAISE(ABORT, 'a message begins waiting, for the firm of its event'); END;
-- +goose StatementEnd
-- Sending is said before it is done. From sending nothing goes back to waiting but by an attempt that ended so.
-- +goose StatementBegin
CREATE TRIGGER outbox_moves BEFORE UPDATE ON outbox
WHEN (NEW.event, NEW.channel, NEW.enterprise) IS NOT (OLD.event, OLD.channel, OLD.enterprise) OR NEW.attempt < OLD.attempt
  OR NOT CASE OLD.state
    WHEN 'waiting' THEN NEW.state IN ('waiting', 'leased', 'dropped', 'digested')
    WHEN 'leased' THEN NEW.state IN ('leased', 'waiting', 'sending', 'dropped', 'digested')
    WHEN 'sending' THEN NEW.state IN ('delivered', 'dead', 'unknown', 'waiting')
      AND EXISTS (SELECT 1 FROM outbox_attempt a WHERE a.event = NEW.event AND a.channel = NEW.channel AND a.attempt = OLD.attempt
        AND (NEW.state = 'unknown' OR a.outcome = CASE NEW.state WHEN 'delivered' THEN 'delivered' WHEN 'dead' THEN a.outcome ELSE 'retry' END))
    WHEN 'dead' THEN NEW.state = 'waiting'
    WHEN 'unknown' THEN NEW.state IN ('waiting', 'delivered')
    ELSE 0 END
BEGIN SELECT RAISE(ABORT, 'the message can not go to this state'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER outbox_delete BEFORE DELETE ON outbox BEGIN SELECT RAISE(ABORT, 'a message is never deleted'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER outbox_attempt_moves BEFORE UPDATE ON outbox_attempt
WHEN OLD.ended_at IS NOT NULL OR (NEW.event, NEW.channel, NEW.attempt, NEW.begun_at) IS NOT (OLD.event, OLD.channel, OLD.attempt, OLD.begun_at)
BEGIN SELECT RAISE(ABORT, 'an attempt ends once'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER outbox_attempt_delete BEFORE DELETE ON outbox_attempt BEGIN SELECT RAISE(ABORT, 'an attempt is never deleted'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER template_update BEFORE UPDATE ON template BEGIN SELECT RAISE(ABORT, 'template is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER template_delete BEFORE DELETE ON template BEGIN SELECT RAISE(ABORT, 'template is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER supplied_fact_moves BEFORE UPDATE ON supplied_fact
WHEN OLD.answer IS NOT NULL OR (NEW.id, NEW.enterprise, NEW.field, NEW.period, NEW.cell, NEW.unit, NEW.note, NEW.file_name, NEW.supplied_by)
    IS NOT (OLD.id, OLD.enterprise, OLD.field, OLD.period, OLD.cell, OLD.unit, OLD.note, OLD.file_name, OLD.supplied_by)
BEGIN SELECT RAISE(ABORT, 'a supplied fact is answered once'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER supplied_fact_delete BEFORE DELETE ON supplied_fact BEGIN SELECT RAISE(ABORT, 'a supplied fact is never deleted'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER feed_address_ends BEFORE UPDATE ON feed_address
WHEN OLD.ended_at IS NOT NULL OR (NEW.sum, NEW.enterprise, NEW.person, NEW.made_at) IS NOT (OLD.sum, OLD.enterprise, OLD.person, OLD.made_at)
BEGIN SELECT RAISE(ABORT, 'a feed address ends once'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER feed_address_delete BEFORE DELETE ON feed_address BEGIN SELECT RAISE(ABORT, 'a feed address is never deleted'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER calendar_entry_forward BEFORE UPDATE ON calendar_entry
WHEN (NEW.enterprise, NEW.uid) IS NOT (OLD.enterprise, OLD.uid) OR NEW.sequence <= OLD.sequence
BEGIN SELECT RAISE(ABORT, 'a calendar entry goes forward'); END;
-- +goose StatementEnd
