-- What firms are told. Twin of sqlite/0007_notify.sql: same names, same meanings, same promises.

-- +goose Up

-- How far a follower of the sequence of changes has come. The events of a change and this row are written in one transaction.
CREATE TABLE follower (
  name TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (name <> ''),
  seq  BIGINT NOT NULL CHECK (seq >= 0),
  at   TIMESTAMPTZ NOT NULL
);

-- Something that a firm should know. id is the SHA-256 of kind, enterprise and subject: nobody hears it twice. data are what the
-- words are made of, as JSON; worth is what it may bring in 分, for the order under a cap.
CREATE TABLE event (
  id         TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (id ~ '^[0-9a-f]{64}$'),
  kind       TEXT COLLATE "C" NOT NULL CHECK (kind <> ''),
  enterprise TEXT COLLATE "C" NOT NULL REFERENCES enterprise (uscc),
  subject    TEXT COLLATE "C" NOT NULL CHECK (subject <> ''),
  at         TIMESTAMPTZ NOT NULL,
  change     BIGINT REFERENCES change (seq),
  item       TEXT COLLATE "C" NOT NULL,
  decision   TEXT COLLATE "C" NOT NULL,
  worth_fen  BIGINT NOT NULL CHECK (worth_fen >= 0),
  due        DATE,
  data       TEXT COLLATE "C" NOT NULL CHECK (data LIKE '{%'),
  UNIQUE (kind, enterprise, subject)
);
CREATE INDEX event_enterprise ON event (enterprise, at);

-- What has been looked ahead for, firm by firm: for each row of a snapshot a print of what is known of the firm, and the day from which
-- on dates alone may bring something else. A row of this table holds many firms; all of it may be thrown away and is made again.
CREATE TABLE outlook (
  shard INTEGER NOT NULL PRIMARY KEY CHECK (shard >= 0),
  sweep BIGINT NOT NULL REFERENCES sweep (id),
  body  BYTEA NOT NULL
);

-- What a firm wants to hear, when and how. No row: the inbox alone, at once.
CREATE TABLE preference (
  enterprise   TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES enterprise (uscc),
  topics       TEXT COLLATE "C" NOT NULL DEFAULT '',
  departments  TEXT COLLATE "C" NOT NULL DEFAULT '',
  industries   TEXT COLLATE "C" NOT NULL DEFAULT '',
  quiet_from   BIGINT CHECK (quiet_from BETWEEN 0 AND 1439),
  quiet_to     BIGINT CHECK (quiet_to BETWEEN 0 AND 1439),
  working_days SMALLINT NOT NULL DEFAULT 0 CHECK (working_days IN (0, 1)),
  digest       TEXT COLLATE "C" NOT NULL DEFAULT 'none' CHECK (digest IN ('none', 'daily', 'weekly')),
  a_day        BIGINT NOT NULL DEFAULT 5 CHECK (a_day BETWEEN 0 AND 100),
  changed_by   TEXT COLLATE "C" NOT NULL CHECK (changed_by <> ''),
  changed_at   TIMESTAMPTZ NOT NULL,
  CHECK ((quiet_from IS NULL) = (quiet_to IS NULL))
);

-- Where a firm can be reached. address is sealed; masked is for people. stopped_at is the opt-out, by the link in a message or a page.
CREATE TABLE contact (
  enterprise  TEXT COLLATE "C" NOT NULL REFERENCES enterprise (uscc),
  channel     TEXT COLLATE "C" NOT NULL CHECK (channel IN ('inbox', 'smtp', 'webhook', 'sms', 'wecom', 'log')),
  address     BYTEA NOT NULL,
  masked      TEXT COLLATE "C" NOT NULL,
  secret      BYTEA,
  verified_at TIMESTAMPTZ,
  stopped_at  TIMESTAMPTZ,
  token       TEXT COLLATE "C" NOT NULL UNIQUE CHECK (length(token) = 64),
  PRIMARY KEY (enterprise, channel)
);

-- One message of an event on a channel. Every row ends delivered, dead, unknown, dropped or digested, all visible (N1). A lease has an
-- owner, a number and an end; whoever comes back with an old number is refused.
CREATE TABLE outbox (
  event       TEXT COLLATE "C" NOT NULL REFERENCES event (id),
  channel     TEXT COLLATE "C" NOT NULL CHECK (channel IN ('inbox', 'smtp', 'webhook', 'sms', 'wecom', 'log')),
  enterprise  TEXT COLLATE "C" NOT NULL,
  state       TEXT COLLATE "C" NOT NULL CHECK (state IN ('waiting', 'leased', 'sending', 'delivered', 'dead', 'unknown', 'dropped', 'digested')),
  next_at     TIMESTAMPTZ NOT NULL,
  attempt     BIGINT NOT NULL DEFAULT 0 CHECK (attempt >= 0),
  lease_owner TEXT COLLATE "C",
  lease_until TIMESTAMPTZ,
  ended_at    TIMESTAMPTZ,
  note        TEXT COLLATE "C" NOT NULL DEFAULT '',
  digest      TEXT COLLATE "C",
  PRIMARY KEY (event, channel),
  CHECK ((state IN ('leased', 'sending')) = (lease_owner IS NOT NULL) AND (lease_owner IS NULL) = (lease_until IS NULL)),
  CHECK ((state IN ('delivered', 'dead', 'unknown', 'dropped', 'digested')) = (ended_at IS NOT NULL)),
  CHECK (state NOT IN ('dead', 'unknown', 'dropped') OR note <> '')
);
CREATE INDEX outbox_next ON outbox (channel, next_at) WHERE state = 'waiting';
CREATE INDEX outbox_lease ON outbox (lease_until) WHERE state IN ('leased', 'sending');
CREATE INDEX outbox_enterprise ON outbox (enterprise, channel, ended_at);

-- Each attempt to send, with what came of it; append-only. A row without an end is a crash between send and mark.
CREATE TABLE outbox_attempt (
  event    TEXT COLLATE "C" NOT NULL,
  channel  TEXT COLLATE "C" NOT NULL,
  attempt  BIGINT NOT NULL CHECK (attempt >= 1),
  begun_at TIMESTAMPTZ NOT NULL,
  ended_at TIMESTAMPTZ,
  outcome  TEXT COLLATE "C" CHECK (outcome IN ('delivered', 'retry', 'refused', 'unknown')),
  note     TEXT COLLATE "C" NOT NULL DEFAULT '',
  PRIMARY KEY (event, channel, attempt),
  FOREIGN KEY (event, channel) REFERENCES outbox (event, channel),
  CHECK ((ended_at IS NULL) = (outcome IS NULL))
);

-- What became of an event at the firm: read, and acted on.
CREATE TABLE reading (
  event    TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES event (id),
  seen_at  TIMESTAMPTZ NOT NULL,
  acted_at TIMESTAMPTZ
);

-- The words of a kind of event on a channel ('' for all); append-only, the highest version counts.
CREATE TABLE template (
  kind    TEXT COLLATE "C" NOT NULL CHECK (kind <> ''),
  channel TEXT COLLATE "C" NOT NULL,
  version BIGINT NOT NULL CHECK (version >= 1),
  title   TEXT COLLATE "C" NOT NULL CHECK (title <> ''),
  body    TEXT COLLATE "C" NOT NULL CHECK (body <> '' AND length(body) <= 8000),
  set_by  TEXT COLLATE "C" NOT NULL CHECK (set_by <> ''),
  at      TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (kind, channel, version)
);

-- A fact that a firm supplied or put right, with what proves it; a department confirms or refuses, and then a correction is made.
CREATE TABLE supplied_fact (
  id          TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (id <> ''),
  enterprise  TEXT COLLATE "C" NOT NULL REFERENCES enterprise (uscc),
  field       TEXT COLLATE "C" NOT NULL CHECK (field <> ''),
  period      TEXT COLLATE "C" NOT NULL CHECK (period <> ''),
  cell        TEXT COLLATE "C" NOT NULL CHECK (cell <> '' AND length(cell) <= 4000),
  unit        TEXT COLLATE "C" NOT NULL,
  note        TEXT COLLATE "C" NOT NULL,
  file_name   TEXT COLLATE "C",
  file        BYTEA CHECK (length(file) BETWEEN 1 AND 10485760),
  supplied_by TEXT COLLATE "C" NOT NULL REFERENCES person (id),
  supplied_at TIMESTAMPTZ NOT NULL,
  answer      TEXT COLLATE "C" CHECK (answer IN ('confirmed', 'refused')),
  reason      TEXT COLLATE "C",
  answered_by TEXT COLLATE "C" REFERENCES person (id),
  answered_at TIMESTAMPTZ,
  CHECK ((answer IS NULL) = (answered_by IS NULL) AND (answer IS NULL) = (answered_at IS NULL) AND (answer IS NULL) = (reason IS NULL)),
  CHECK (answered_by <> supplied_by),
  CHECK ((file IS NULL) = (file_name IS NULL))
);
CREATE INDEX supplied_fact_enterprise ON supplied_fact (enterprise, supplied_at);

-- A secret address of a firm's calendar and feed. sum is the SHA-256 of its token, which is shown once and kept nowhere. It counts
-- until it is ended, and as long as the person who had it made acts for the firm.
CREATE TABLE feed_address (
  sum        TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (sum ~ '^[0-9a-f]{64}$'),
  enterprise TEXT COLLATE "C" NOT NULL REFERENCES enterprise (uscc),
  person     TEXT COLLATE "C" NOT NULL REFERENCES person (id),
  made_at    TIMESTAMPTZ NOT NULL,
  ended_at   TIMESTAMPTZ,
  ended_by   TEXT COLLATE "C" REFERENCES person (id),
  CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);
CREATE UNIQUE INDEX feed_address_live ON feed_address (enterprise, person) WHERE ended_at IS NULL;

-- What a firm's calendar said last of a day, so that calendar programs are told when it moves or is off. sequence counts its changes.
CREATE TABLE calendar_entry (
  enterprise TEXT COLLATE "C" NOT NULL REFERENCES enterprise (uscc),
  uid        TEXT COLLATE "C" NOT NULL CHECK (uid <> ''),
  day        DATE NOT NULL,
  title      TEXT COLLATE "C" NOT NULL,
  text       TEXT COLLATE "C" NOT NULL,
  path       TEXT COLLATE "C" NOT NULL,
  cancelled  SMALLINT NOT NULL CHECK (cancelled IN (0, 1)),
  sequence   BIGINT NOT NULL CHECK (sequence >= 0),
  changed_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (enterprise, uid)
);

CREATE TRIGGER follower_forward BEFORE UPDATE ON follower FOR EACH ROW WHEN (NEW.name <> OLD.name OR NEW.seq < OLD.seq)
  EXECUTE FUNCTION refuse('a follower goes forward');

-- +goose StatementBegin
CREATE FUNCTION outbox_begins() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
  IF NEW.state <> 'waiting' OR NEW.attempt <> 0 OR NOT EXISTS (SELECT 1 FROM event e WHERE e.id = NEW.event AND e.enterprise = NEW.enterprise) THEN
    PERFORM refused('a message begins waiting, for the firm of its event');
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER outbox_begins BEFORE INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION outbox_begins();

-- Sending is said before it is done. From sending nothing goes back to waiting but by an attempt that ended so.
-- +goose StatementBegin
CREATE FUNCTION outbox_moves() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
  IF (NEW.event, NEW.channel, NEW.enterprise) IS DISTINCT FROM (OLD.event, OLD.channel, OLD.enterprise) OR NEW.attempt < OLD.attempt
    OR NOT (CASE OLD.state
      WHEN 'waiting' THEN NEW.state IN ('waiting', 'leased', 'dropped', 'digested')
      WHEN 'leased' THEN NEW.state IN ('leased', 'waiting', 'sending', 'dropped', 'digested')
      WHEN 'sending' THEN NEW.state IN ('delivered', 'dead', 'unknown', 'waiting')
        AND EXISTS (SELECT 1 FROM outbox_attempt a WHERE a.event = NEW.event AND a.channel = NEW.channel AND a.attempt = OLD.attempt
          AND (NEW.state = 'unknown' OR a.outcome = CASE NEW.state WHEN 'delivered' THEN 'delivered' WHEN 'dead' THEN a.outcome ELSE 'retry' END))
      WHEN 'dead' THEN NEW.state = 'waiting'
      WHEN 'unknown' THEN NEW.state IN ('waiting', 'delivered')
      ELSE FALSE END) THEN
    PERFORM refused('the message can not go to this state');
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER outbox_moves BEFORE UPDATE ON outbox FOR EACH ROW EXECUTE FUNCTION outbox_moves();
CREATE TRIGGER outbox_delete BEFORE DELETE ON outbox FOR EACH ROW EXECUTE FUNCTION refuse('a message is never deleted');
CREATE TRIGGER outbox_attempt_moves BEFORE UPDATE ON outbox_attempt FOR EACH ROW
  WHEN (OLD.ended_at IS NOT NULL OR (NEW.event, NEW.channel, NEW.attempt, NEW.begun_at) IS DISTINCT FROM (OLD.event, OLD.channel, OLD.attempt, OLD.begun_at))
  EXECUTE FUNCTION refuse('an attempt ends once');
CREATE TRIGGER outbox_attempt_delete BEFORE DELETE ON outbox_attempt FOR EACH ROW EXECUTE FUNCTION refuse('an attempt is never deleted');
CREATE TRIGGER supplied_fact_moves BEFORE UPDATE ON supplied_fact FOR EACH ROW
  WHEN (OLD.answer IS NOT NULL OR (NEW.id, NEW.enterprise, NEW.field, NEW.period, NEW.cell, NEW.unit, NEW.note, NEW.file_name, NEW.supplied_by)
    IS DISTINCT FROM (OLD.id, OLD.enterprise, OLD.field, OLD.period, OLD.cell, OLD.unit, OLD.note, OLD.file_name, OLD.supplied_by))
  EXECUTE FUNCTION refuse('a supplied fact is answered once');
CREATE TRIGGER supplied_fact_delete BEFORE DELETE ON supplied_fact FOR EACH ROW EXECUTE FUNCTION refuse('a supplied fact is never deleted');
CREATE TRIGGER feed_address_ends BEFORE UPDATE ON feed_address FOR EACH ROW
  WHEN (OLD.ended_at IS NOT NULL OR (NEW.sum, NEW.enterprise, NEW.person, NEW.made_at) IS DISTINCT FROM (OLD.sum, OLD.enterprise, OLD.person, OLD.made_at))
  EXECUTE FUNCTION refuse('a feed address ends once');
CREATE TRIGGER feed_address_delete BEFORE DELETE ON feed_address FOR EACH ROW EXECUTE FUNCTION refuse('a feed address is never deleted');
CREATE TRIGGER calendar_entry_forward BEFORE UPDATE ON calendar_entry FOR EACH ROW
  WHEN ((NEW.enterprise, NEW.uid) IS DISTINCT FROM (OLD.enterprise, OLD.uid) OR NEW.sequence <= OLD.sequence)
  EXECUTE FUNCTION refuse('a calendar entry goes forward');

-- +goose StatementBegin
DO $$
DECLARE name TEXT;
BEGIN
  FOREACH name IN ARRAY ARRAY['event', 'template'] LOOP
    EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION refuse(%L)',
      name || '_append_only', name, name || ' is append-only');
  END LOOP;
  FOREACH name IN ARRAY ARRAY['event', 'outbox', 'outbox_attempt', 'template', 'supplied_fact', 'feed_address'] LOOP
    EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse(%L)',
      name || '_truncate', name, 'its rows are never deleted');
  END LOOP;
END $$;
-- +goose StatementEnd
