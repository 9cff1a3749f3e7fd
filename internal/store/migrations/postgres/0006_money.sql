-- From decision to money. Twin of sqlite/0006_money.sql: same names, same meanings, same promises.
--
-- What may never happen is refused here: a right paid twice, a line overdrawn, a cap passed, two items of one exclusive group, a
-- stage skipped, two stages done by one person, an approval of other content than was shown. Counters (reserved, posted, used)
-- are kept by triggers out of rows that are append-only, and CHECKs hold them.

-- +goose Up

-- A payee account of an enterprise. The number is sealed (P1); masked is for people, print tells whether two numbers are the same.
CREATE TABLE payee_account (
  id           TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (id <> ''),
  enterprise   TEXT COLLATE "C" NOT NULL REFERENCES enterprise (uscc),
  holder       TEXT COLLATE "C" NOT NULL CHECK (holder <> ''),
  bank         TEXT COLLATE "C" NOT NULL CHECK (bank ~ '^[0-9]{12}$'),
  sealed       BYTEA NOT NULL CHECK (length(sealed) > 0),
  masked       TEXT COLLATE "C" NOT NULL CHECK (masked <> ''),
  print        TEXT COLLATE "C" NOT NULL CHECK (length(print) = 64),
  source       TEXT COLLATE "C" NOT NULL CHECK (source <> ''),
  recorded_by  TEXT COLLATE "C" NOT NULL REFERENCES person (id),
  recorded_at  TIMESTAMPTZ NOT NULL,
  verified_how TEXT COLLATE "C",
  verified_by  TEXT COLLATE "C" REFERENCES person (id),
  verified_at  TIMESTAMPTZ,
  usable_from  TIMESTAMPTZ,
  retired_at   TIMESTAMPTZ,
  CHECK (verified_by <> recorded_by),
  CHECK ((verified_by IS NULL) = (verified_at IS NULL) AND (verified_by IS NULL) = (verified_how IS NULL) AND (verified_by IS NULL) = (usable_from IS NULL)),
  CHECK (usable_from >= verified_at),
  UNIQUE (id, enterprise)
);
CREATE INDEX payee_account_latest ON payee_account (recorded_at DESC, id);
CREATE UNIQUE INDEX payee_account_live ON payee_account (enterprise) WHERE verified_at IS NOT NULL AND retired_at IS NULL;

-- A line of the budget. The three sums are kept by postings; total is what was allotted.
CREATE TABLE budget_line (
  id           TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (id <> ''),
  name         TEXT COLLATE "C" NOT NULL CHECK (name <> ''),
  year         BIGINT NOT NULL CHECK (year BETWEEN 2000 AND 2999),
  department   TEXT COLLATE "C" NOT NULL CHECK (department <> ''),
  item         TEXT COLLATE "C" NOT NULL DEFAULT '',
  unit         TEXT COLLATE "C" NOT NULL CHECK (length(unit) BETWEEN 3 AND 21),
  project      TEXT COLLATE "C" NOT NULL CHECK (length(project) BETWEEN 1 AND 21),
  function     TEXT COLLATE "C" NOT NULL CHECK (function ~ '^[0-9]{7}$'),
  economic     TEXT COLLATE "C" NOT NULL CHECK (economic ~ '^[0-9]{5}$'),
  carried_from TEXT COLLATE "C" REFERENCES budget_line (id),
  opened_by    TEXT COLLATE "C" NOT NULL REFERENCES person (id),
  opened_at    TIMESTAMPTZ NOT NULL,
  approved_by  TEXT COLLATE "C" REFERENCES person (id),
  approved_at  TIMESTAMPTZ,
  total_fen    BIGINT NOT NULL DEFAULT 0 CHECK (total_fen >= 0),
  reserved_fen BIGINT NOT NULL DEFAULT 0 CHECK (reserved_fen >= 0),
  posted_fen   BIGINT NOT NULL DEFAULT 0 CHECK (posted_fen >= 0),
  CHECK (reserved_fen + posted_fen <= total_fen),
  CHECK (approved_by <> opened_by),
  CHECK ((approved_by IS NULL) = (approved_at IS NULL)),
  CHECK (approved_by IS NOT NULL OR total_fen = 0)
);

-- What a firm has a right to; id is entitle.ID of (item, enterprise, period, basis). part tells apart what is paid of one right in
-- several pieces: '' the whole, 'i2' an instalment, 'c1' a correction.
CREATE TABLE entitlement (
  id             TEXT COLLATE "C" NOT NULL CHECK (length(id) = 64 AND id !~ '[^0-9a-f]'), -- [0-9a-f]{64} takes ten times as long
  part           TEXT COLLATE "C" NOT NULL CHECK (part = '' OR part ~ '^[ic][1-9][0-9]?$'),
  item           TEXT COLLATE "C" NOT NULL CHECK (item <> ''),
  enterprise     TEXT COLLATE "C" NOT NULL, -- of enterprise
  period         TEXT COLLATE "C" NOT NULL CHECK (period <> ''),
  basis_kind     TEXT COLLATE "C" NOT NULL,
  basis          TEXT COLLATE "C" NOT NULL,
  amount_fen     BIGINT NOT NULL CHECK (amount_fen > 0),
  sweep          BIGINT NOT NULL, -- of sweep
  policy_version TEXT COLLATE "C" NOT NULL, -- of policy_version
  decision       TEXT COLLATE "C" NOT NULL CHECK (decision <> ''),
  made_at        TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (id, part),
  UNIQUE (enterprise, item, period, basis_kind, basis, part)
);

-- What a list may do next. Code has the same table, and a test holds both against each other.
CREATE TABLE list_step (
  action     TEXT COLLATE "C" NOT NULL,
  from_state TEXT COLLATE "C" NOT NULL,
  to_state   TEXT COLLATE "C" NOT NULL,
  role       TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (action, from_state, role)
);
INSERT INTO list_step (action, from_state, to_state, role) VALUES
  ('draft', '', 'draft', 'D1'), ('edit', 'draft', 'draft', 'D1'),
  ('review', 'draft', 'reviewed', 'D2'), ('confirm', 'reviewed', 'confirmed', 'D1'), ('notice', 'confirmed', 'noticed', 'D1'),
  ('handle', 'noticed', 'handled', 'F1'), ('check', 'handled', 'checked', 'F2'),
  ('approve_first', 'checked', 'approving', 'F3'), ('approve', 'checked', 'approved', 'F3'), ('approve', 'approving', 'approved', 'F3'),
  ('export', 'approved', 'exported', 'F1'), ('send', 'exported', 'sent', 'F1'), ('settle', 'sent', 'settled', 'F2'),
  ('reopen', 'handled', 'noticed', 'F1'), ('reopen', 'checked', 'noticed', 'F1'), ('reopen', 'approving', 'noticed', 'F1'),
  ('reopen', 'approved', 'noticed', 'F1'),
  ('return', 'reviewed', 'draft', 'D1'), ('return', 'confirmed', 'draft', 'D1'), ('return', 'noticed', 'draft', 'D1'),
  ('return', 'noticed', 'draft', 'F1'), ('return', 'handled', 'draft', 'F2'), ('return', 'checked', 'draft', 'F3'),
  ('return', 'approving', 'draft', 'F3'), ('return', 'approved', 'draft', 'F1'), ('return', 'exported', 'draft', 'F1'),
  ('withdraw', 'draft', 'withdrawn', 'D1'), ('withdraw', 'reviewed', 'withdrawn', 'D1'), ('withdraw', 'confirmed', 'withdrawn', 'D1'),
  ('withdraw', 'noticed', 'withdrawn', 'D1'), ('withdraw', 'handled', 'withdrawn', 'D1'), ('withdraw', 'checked', 'withdrawn', 'D1'),
  ('withdraw', 'approving', 'withdrawn', 'D1'), ('withdraw', 'approved', 'withdrawn', 'D1'), ('withdraw', 'exported', 'withdrawn', 'D1'),
  ('suspend', 'draft', 'draft', 'D1'), ('suspend', 'reviewed', 'reviewed', 'D1'), ('suspend', 'confirmed', 'confirmed', 'D1'),
  ('suspend', 'noticed', 'noticed', 'D1'), ('suspend', 'handled', 'handled', 'F1'), ('suspend', 'checked', 'checked', 'F1'),
  ('suspend', 'approving', 'approving', 'F1'), ('suspend', 'approved', 'approved', 'F1'), ('suspend', 'exported', 'exported', 'F1'),
  ('resume', 'draft', 'draft', 'D1'), ('resume', 'reviewed', 'reviewed', 'D1'), ('resume', 'confirmed', 'confirmed', 'D1'),
  ('resume', 'noticed', 'noticed', 'D1'), ('resume', 'handled', 'handled', 'F1'), ('resume', 'checked', 'checked', 'F1'),
  ('resume', 'approving', 'approving', 'F1'), ('resume', 'approved', 'approved', 'F1'), ('resume', 'exported', 'exported', 'F1');

-- A disbursement list. state, suspended and round are moved by list_event alone. hash is that of the canonical content (A2);
-- whatever changes the content empties it.
CREATE TABLE disbursement_list (
  id            TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (id <> '' AND length(id) <= 30),
  title         TEXT COLLATE "C" NOT NULL CHECK (title <> ''),
  department    TEXT COLLATE "C" NOT NULL CHECK (department <> ''),
  kind          TEXT COLLATE "C" NOT NULL CHECK (kind IN ('regular', 'supplement')),
  sweep         BIGINT NOT NULL REFERENCES sweep (id),
  state         TEXT COLLATE "C" NOT NULL DEFAULT '',
  suspended     SMALLINT NOT NULL DEFAULT 0 CHECK (suspended IN (0, 1)),
  round         BIGINT NOT NULL DEFAULT 0 CHECK (round >= 0),
  hash          TEXT COLLATE "C" CHECK (hash ~ '^[0-9a-f]{64}$'),
  two_approvers SMALLINT NOT NULL DEFAULT 0 CHECK (two_approvers IN (0, 1)),
  confirm_until DATE,
  notice_until  DATE,
  made_at       TIMESTAMPTZ NOT NULL
);

-- One payment that a list proposes. amount_fen is what is paid, claimed_fen what the decision came to; reason says why less.
CREATE TABLE list_entry (
  list        TEXT COLLATE "C" NOT NULL, -- of disbursement_list
  n           BIGINT NOT NULL CHECK (n >= 1),
  entitlement TEXT COLLATE "C" NOT NULL, -- with part of entitlement, whose enterprise and item these are
  part        TEXT COLLATE "C" NOT NULL,
  enterprise  TEXT COLLATE "C" NOT NULL,
  item        TEXT COLLATE "C" NOT NULL,
  name        TEXT COLLATE "C" NOT NULL CHECK (name <> ''),
  amount_fen  BIGINT NOT NULL CHECK (amount_fen > 0),
  claimed_fen BIGINT NOT NULL CHECK (claimed_fen >= amount_fen),
  reason      TEXT COLLATE "C" NOT NULL DEFAULT '',
  line        TEXT COLLATE "C" NOT NULL, -- of budget_line
  account     TEXT COLLATE "C", -- of payee_account, one of the enterprise
  status      TEXT COLLATE "C" NOT NULL CHECK (status IN ('in', 'held', 'removed', 'returned')),
  note        TEXT COLLATE "C" NOT NULL DEFAULT '',
  PRIMARY KEY (list, n),
  UNIQUE (entitlement, part, list),
  CHECK (status = 'in' OR note <> ''),
  CHECK (amount_fen = claimed_fen OR reason <> '')
) WITH (fillfactor = 45); -- each row gets its account later, beside the old one
-- M1: a right is on one list at a time, and for ever once it was paid.
CREATE UNIQUE INDEX list_entry_live ON list_entry (entitlement, part) WHERE status IN ('in', 'held');
CREATE INDEX list_entry_enterprise ON list_entry (enterprise);
CREATE INDEX list_entry_sums ON list_entry (list, status, n) INCLUDE (enterprise, item, amount_fen, line); -- what a long list comes to, without reading it

-- A place that one holder can have: the item of an exclusive group for a firm, the item that uses a basis, the firm and period of a
-- once_per basis. It is there while entries refer to it.
CREATE TABLE seat (
  kind   TEXT COLLATE "C" NOT NULL CHECK (kind IN ('exclusive', 'basis', 'once')),
  key    TEXT COLLATE "C" NOT NULL CHECK (key <> ''),
  holder TEXT COLLATE "C" NOT NULL CHECK (holder <> ''),
  PRIMARY KEY (kind, key),
  UNIQUE (kind, key, holder)
);
CREATE TABLE entry_seat (
  list   TEXT COLLATE "C" NOT NULL,
  n      BIGINT NOT NULL,
  kind   TEXT COLLATE "C" NOT NULL,
  key    TEXT COLLATE "C" NOT NULL,
  holder TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (list, n, kind, key), -- list and n of list_entry
  FOREIGN KEY (kind, key, holder) REFERENCES seat (kind, key, holder)
);
CREATE INDEX entry_seat_key ON entry_seat (kind, key);

-- A cap in one scope, such as one item, firm and year, and what live entries use of it. NULL: no limit of that kind.
CREATE TABLE cap_use (
  key        TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (key <> ''),
  most_fen   BIGINT CHECK (most_fen >= 0),
  most_times BIGINT CHECK (most_times >= 1),
  used_fen   BIGINT NOT NULL DEFAULT 0 CHECK (used_fen >= 0),
  used_times BIGINT NOT NULL DEFAULT 0 CHECK (used_times >= 0),
  CHECK (used_fen <= most_fen),
  CHECK (used_times <= most_times)
) WITH (fillfactor = 45);
CREATE TABLE entry_cap (
  list  TEXT COLLATE "C" NOT NULL,
  n     BIGINT NOT NULL,
  key   TEXT COLLATE "C" NOT NULL, -- of cap_use
  fen   BIGINT NOT NULL CHECK (fen >= 0),
  times SMALLINT NOT NULL CHECK (times IN (0, 1)),
  back_fen   BIGINT NOT NULL DEFAULT 0 CHECK (back_fen BETWEEN 0 AND fen),
  back_times SMALLINT NOT NULL DEFAULT 0 CHECK (back_times BETWEEN 0 AND times),
  PRIMARY KEY (list, n, key) -- list and n of list_entry
);

-- What was done to a list, by whom, as what, on which content. Append-only; inserting it is what moves the list.
CREATE TABLE list_event (
  list       TEXT COLLATE "C" NOT NULL REFERENCES disbursement_list (id),
  seq        BIGINT NOT NULL CHECK (seq >= 1),
  action     TEXT COLLATE "C" NOT NULL,
  from_state TEXT COLLATE "C" NOT NULL,
  to_state   TEXT COLLATE "C" NOT NULL,
  role       TEXT COLLATE "C" NOT NULL,
  person     TEXT COLLATE "C" NOT NULL REFERENCES person (id),
  stands_for TEXT COLLATE "C" REFERENCES person (id),
  at         TIMESTAMPTZ NOT NULL,
  hash       TEXT COLLATE "C" CHECK (length(hash) = 64),
  note       TEXT COLLATE "C" NOT NULL DEFAULT '',
  PRIMARY KEY (list, seq),
  FOREIGN KEY (action, from_state, role) REFERENCES list_step (action, from_state, role),
  CHECK (stands_for <> person),
  CHECK (action NOT IN ('reopen', 'return', 'withdraw', 'suspend', 'resume') OR note <> ''),
  CHECK ((action IN ('review', 'confirm', 'notice', 'handle', 'check', 'approve_first', 'approve', 'export', 'send', 'settle')) = (hash IS NOT NULL))
);

-- A paper that belongs to a stage: 会议纪要, 请款函, 公示结果.
CREATE TABLE list_attachment (
  list     TEXT COLLATE "C" NOT NULL REFERENCES disbursement_list (id),
  n        BIGINT NOT NULL CHECK (n >= 1),
  state    TEXT COLLATE "C" NOT NULL,
  kind     TEXT COLLATE "C" NOT NULL CHECK (kind <> ''),
  name     TEXT COLLATE "C" NOT NULL CHECK (name <> ''),
  sha256   TEXT COLLATE "C" NOT NULL CHECK (length(sha256) = 64),
  body     BYTEA NOT NULL CHECK (length(body) BETWEEN 1 AND 10485760),
  added_by TEXT COLLATE "C" NOT NULL REFERENCES person (id),
  added_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (list, n)
);

-- What a firm said when asked to confirm its entry. Silence has no row until the window is over.
CREATE TABLE confirmation (
  list   TEXT COLLATE "C" NOT NULL,
  n      BIGINT NOT NULL,
  round  BIGINT NOT NULL,
  answer TEXT COLLATE "C" NOT NULL CHECK (answer IN ('yes', 'no', 'silent')),
  person TEXT COLLATE "C" NOT NULL REFERENCES person (id),
  at     TIMESTAMPTZ NOT NULL,
  note   TEXT COLLATE "C" NOT NULL DEFAULT '',
  PRIMARY KEY (list, n, round),
  FOREIGN KEY (list, n) REFERENCES list_entry (list, n)
);

-- An objection during public notice; it holds exactly its entry until it is answered.
CREATE TABLE objection (
  id          TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (id <> ''),
  list        TEXT COLLATE "C" NOT NULL,
  n           BIGINT NOT NULL,
  raised_by   TEXT COLLATE "C" NOT NULL CHECK (raised_by <> ''),
  text        TEXT COLLATE "C" NOT NULL CHECK (text <> '' AND length(text) <= 4000),
  recorded_by TEXT COLLATE "C" NOT NULL REFERENCES person (id),
  raised_at   TIMESTAMPTZ NOT NULL,
  outcome     TEXT COLLATE "C" CHECK (outcome IN ('upheld', 'rejected')),
  answer      TEXT COLLATE "C" CHECK (answer <> ''),
  answered_by TEXT COLLATE "C" REFERENCES person (id),
  answered_at TIMESTAMPTZ,
  FOREIGN KEY (list, n) REFERENCES list_entry (list, n),
  CHECK ((outcome IS NULL) = (answer IS NULL) AND (outcome IS NULL) = (answered_by IS NULL) AND (outcome IS NULL) = (answered_at IS NULL)),
  CHECK (answered_by <> recorded_by)
);
CREATE INDEX objection_entry ON objection (list, n);

-- An order to pay, with the control totals that were approved (M8).
CREATE TABLE payment_batch (
  id        TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (id <> '' AND length(id) <= 35),
  list      TEXT COLLATE "C" NOT NULL REFERENCES disbursement_list (id),
  round     BIGINT NOT NULL,
  list_hash TEXT COLLATE "C" NOT NULL CHECK (length(list_hash) = 64),
  made_on   DATE NOT NULL,
  lines     BIGINT NOT NULL CHECK (lines > 0),
  sum_fen   BIGINT NOT NULL CHECK (sum_fen > 0),
  made_by   TEXT COLLATE "C" NOT NULL REFERENCES person (id),
  made_at   TIMESTAMPTZ NOT NULL,
  answer_by DATE,
  UNIQUE (list, round)
);

-- One attempt to pay an entry. At most one attempt of an entry is alive or has succeeded.
CREATE TABLE payment (
  id         TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (id <> '' AND length(id) <= 35),
  list       TEXT COLLATE "C" NOT NULL,
  n          BIGINT NOT NULL,
  attempt    BIGINT NOT NULL CHECK (attempt >= 1),
  batch      TEXT COLLATE "C" NOT NULL REFERENCES payment_batch (id) DEFERRABLE INITIALLY DEFERRED,
  account    TEXT COLLATE "C" NOT NULL, -- and line, as list_entry has them
  line       TEXT COLLATE "C" NOT NULL,
  amount_fen BIGINT NOT NULL CHECK (amount_fen > 0),
  state      TEXT COLLATE "C" NOT NULL CHECK (state IN ('ready', 'sent', 'unknown', 'paid', 'failed', 'returned', 'cancelled')),
  moved_at   TIMESTAMPTZ NOT NULL,
  moved_by   TEXT COLLATE "C" NOT NULL REFERENCES person (id),
  reason     TEXT COLLATE "C" NOT NULL DEFAULT '',
  UNIQUE (list, n, attempt)
);
CREATE UNIQUE INDEX payment_live ON payment (list, n) WHERE state IN ('ready', 'sent', 'unknown', 'paid');
CREATE INDEX payment_batch_id ON payment (batch);

-- Each file made of a batch: made again it must have the same hash. And each time somebody took it away.
CREATE TABLE batch_file (
  batch  TEXT COLLATE "C" NOT NULL REFERENCES payment_batch (id),
  format TEXT COLLATE "C" NOT NULL CHECK (format <> ''),
  sha256 TEXT COLLATE "C" NOT NULL CHECK (length(sha256) = 64),
  bytes  BIGINT NOT NULL CHECK (bytes > 0),
  PRIMARY KEY (batch, format)
);
CREATE TABLE batch_download (
  seq    BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  batch  TEXT COLLATE "C" NOT NULL,
  format TEXT COLLATE "C" NOT NULL,
  person TEXT COLLATE "C" NOT NULL REFERENCES person (id),
  at     TIMESTAMPTZ NOT NULL,
  FOREIGN KEY (batch, format) REFERENCES batch_file (batch, format)
);

-- A movement of money between two accounts of a budget line: what is debited is credited, so that entries sum to zero (M3).
CREATE TABLE posting (
  seq     BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  at      TIMESTAMPTZ NOT NULL,
  kind    TEXT COLLATE "C" NOT NULL,
  line    TEXT COLLATE "C" NOT NULL, -- of budget_line
  debit   TEXT COLLATE "C" NOT NULL,
  credit  TEXT COLLATE "C" NOT NULL,
  fen     BIGINT NOT NULL CHECK (fen > 0),
  list    TEXT COLLATE "C",
  n       BIGINT,
  round   BIGINT,
  payment TEXT COLLATE "C",
  ref     TEXT COLLATE "C" NOT NULL DEFAULT '',
  person  TEXT COLLATE "C" NOT NULL, -- of person
  CHECK (CASE kind
    WHEN 'allot' THEN debit = 'appropriation' AND credit = 'available'
    WHEN 'carry' THEN debit = 'available' AND credit = 'appropriation'
    WHEN 'reserve' THEN debit = 'available' AND credit = 'reserved'
    WHEN 'void' THEN debit = 'reserved' AND credit = 'available'
    WHEN 'post' THEN debit = 'reserved' AND credit = 'paid'
    WHEN 'move_out' THEN debit = 'reserved' AND credit = 'appropriation'
    WHEN 'move_in' THEN debit = 'appropriation' AND credit = 'reserved'
    WHEN 'return' THEN debit = 'paid' AND credit = 'available'
    WHEN 'recover' THEN debit = 'paid' AND credit = 'available'
    ELSE FALSE END),
  CHECK ((kind IN ('reserve', 'void')) = (list IS NOT NULL) AND (list IS NULL) = (n IS NULL) AND (list IS NULL) = (round IS NULL)),
  CHECK ((kind IN ('move_out', 'move_in', 'post', 'return')) = (payment IS NOT NULL)),
  CHECK (kind NOT IN ('allot', 'carry', 'recover') OR ref <> '')
);
CREATE UNIQUE INDEX posting_entry ON posting (list, n, round, kind) WHERE list IS NOT NULL;
CREATE UNIQUE INDEX posting_payment ON posting (payment, kind) WHERE payment IS NOT NULL;
CREATE UNIQUE INDEX posting_ref ON posting (kind, ref) WHERE ref <> '';
CREATE INDEX posting_line ON posting (line);

-- A file of receipts as it came, sealed since it holds accounts; the same bytes come in once. A statement is what a person says that
-- the bank said of one payment.
CREATE TABLE receipt_file (
  sha256      TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (length(sha256) = 64),
  name        TEXT COLLATE "C" NOT NULL CHECK (name <> ''),
  format      TEXT COLLATE "C" NOT NULL CHECK (format IN ('pain.002', 'csv', 'xlsx', 'statement')),
  sealed      BYTEA NOT NULL,
  lines       BIGINT NOT NULL CHECK (lines >= 0),
  received_at TIMESTAMPTZ NOT NULL,
  received_by TEXT COLLATE "C" NOT NULL REFERENCES person (id),
  received_for TEXT COLLATE "C" REFERENCES person (id) CHECK (received_for <> received_by)
);

-- One line of it. Equal lines count once, whichever file they came in. class is what it comes to beside all other lines of its
-- batch, so that it may change with the next file: applied, underway, or 待查 with the reason; that waits for a person, whose
-- word is the last.
CREATE TABLE receipt_line (
  id          TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (length(id) = 64),
  file        TEXT COLLATE "C" NOT NULL REFERENCES receipt_file (sha256),
  batch       TEXT COLLATE "C" NOT NULL,
  payment     TEXT COLLATE "C" NOT NULL,
  print       TEXT COLLATE "C" NOT NULL CHECK (length(print) = 64),
  amount_fen  BIGINT NOT NULL CHECK (amount_fen >= 0),
  result      TEXT COLLATE "C" NOT NULL CHECK (result IN ('underway', 'success', 'failed', 'returned')),
  reason      TEXT COLLATE "C" NOT NULL,
  bank_at     TIMESTAMPTZ,
  class       TEXT COLLATE "C" NOT NULL CHECK (class <> ''),
  resolved_by TEXT COLLATE "C" REFERENCES person (id),
  resolved_for TEXT COLLATE "C" REFERENCES person (id) CHECK (resolved_for <> resolved_by),
  resolved_at TIMESTAMPTZ,
  resolution  TEXT COLLATE "C" CHECK (resolution <> ''),
  CHECK ((resolved_by IS NULL) = (resolved_at IS NULL) AND (resolved_by IS NULL) = (resolution IS NULL)
    AND (resolved_for IS NULL OR resolved_by IS NOT NULL))
);
CREATE INDEX receipt_line_payment ON receipt_line (payment);
CREATE INDEX receipt_line_batch ON receipt_line (batch);

-- What D1 found out about a condition that no data decide, or about a sum; it counts once another person has confirmed it.
CREATE TABLE finding (
  id           TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (id <> ''),
  item         TEXT COLLATE "C" NOT NULL CHECK (item <> ''),
  enterprise   TEXT COLLATE "C" NOT NULL REFERENCES enterprise (uscc),
  condition    TEXT COLLATE "C" NOT NULL CHECK (condition <> ''),
  result       SMALLINT CHECK (result IN (0, 1)),
  amount_fen   BIGINT CHECK (amount_fen >= 0),
  on_day       DATE NOT NULL,
  evidence     TEXT COLLATE "C" NOT NULL CHECK (evidence <> ''),
  recorded_by  TEXT COLLATE "C" NOT NULL REFERENCES person (id),
  recorded_at  TIMESTAMPTZ NOT NULL,
  answer       TEXT COLLATE "C" CHECK (answer IN ('confirmed', 'rejected')),
  answered_by  TEXT COLLATE "C" REFERENCES person (id),
  answered_at  TIMESTAMPTZ,
  CHECK ((result IS NULL) <> (amount_fen IS NULL)),
  CHECK (answered_by <> recorded_by),
  CHECK ((answer IS NULL) = (answered_by IS NULL) AND (answer IS NULL) = (answered_at IS NULL))
);
CREATE INDEX finding_enterprise ON finding (enterprise, item);
CREATE INDEX finding_latest ON finding (recorded_at DESC, id);

-- What was granted before this ledger, or elsewhere: a file of it, brought in by one person and confirmed by another, and its rows. An
-- amount below zero was given back. live is 0 once the file was rejected.
CREATE TABLE earlier_file (
  id          TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (id <> ''),
  department  TEXT COLLATE "C" NOT NULL CHECK (department <> ''),
  name        TEXT COLLATE "C" NOT NULL CHECK (name <> ''),
  sha256      TEXT COLLATE "C" NOT NULL CHECK (length(sha256) = 64),
  source      TEXT COLLATE "C" NOT NULL CHECK (source <> ''),
  grants      INTEGER NOT NULL CHECK (grants > 0),
  sum_fen     BIGINT NOT NULL,
  recorded_by TEXT COLLATE "C" NOT NULL REFERENCES person (id),
  recorded_at TIMESTAMPTZ NOT NULL,
  answer      TEXT COLLATE "C" CHECK (answer IN ('confirmed', 'rejected')),
  answered_by TEXT COLLATE "C" REFERENCES person (id),
  answered_at TIMESTAMPTZ,
  CHECK (answered_by <> recorded_by),
  CHECK ((answer IS NULL) = (answered_by IS NULL) AND (answer IS NULL) = (answered_at IS NULL))
);
CREATE TABLE earlier_grant (
  file       TEXT COLLATE "C" NOT NULL REFERENCES earlier_file (id),
  line       INTEGER NOT NULL CHECK (line >= 1),
  item       TEXT COLLATE "C" NOT NULL CHECK (item <> ''),
  enterprise TEXT COLLATE "C" NOT NULL REFERENCES enterprise (uscc),
  period     TEXT COLLATE "C" NOT NULL CHECK (period <> ''),
  basis      TEXT COLLATE "C" NOT NULL,
  amount_fen BIGINT NOT NULL CHECK (amount_fen <> 0),
  on_day     DATE NOT NULL,
  live       SMALLINT NOT NULL DEFAULT 1 CHECK (live IN (0, 1)),
  PRIMARY KEY (file, line)
);
CREATE UNIQUE INDEX earlier_grant_live ON earlier_grant (item, enterprise, period, basis, on_day, (amount_fen > 0)) WHERE live = 1;
CREATE INDEX earlier_grant_enterprise ON earlier_grant (enterprise);

-- That the ledger has everything that was granted of an item, from a day on (NULL: from the beginning), with what was brought in. One
-- person says it, another confirms it, and it holds until somebody ends it.
CREATE TABLE whole_ledger (
  id          TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (id <> ''),
  department  TEXT COLLATE "C" NOT NULL CHECK (department <> ''),
  item        TEXT COLLATE "C" NOT NULL CHECK (item <> ''),
  since       DATE,
  evidence    TEXT COLLATE "C" NOT NULL CHECK (evidence <> ''),
  recorded_by TEXT COLLATE "C" NOT NULL REFERENCES person (id),
  recorded_at TIMESTAMPTZ NOT NULL,
  answer      TEXT COLLATE "C" CHECK (answer IN ('confirmed', 'rejected')),
  answered_by TEXT COLLATE "C" REFERENCES person (id),
  answered_at TIMESTAMPTZ,
  ended_by    TEXT COLLATE "C" REFERENCES person (id),
  ended_at    TIMESTAMPTZ,
  end_reason  TEXT COLLATE "C" CHECK (end_reason <> ''),
  CHECK (answered_by <> recorded_by),
  CHECK ((answer IS NULL) = (answered_by IS NULL) AND (answer IS NULL) = (answered_at IS NULL)),
  CHECK ((ended_by IS NULL) = (ended_at IS NULL) AND (ended_by IS NULL) = (end_reason IS NULL)),
  CHECK (ended_at IS NULL OR (answer = 'confirmed' AND ended_at >= answered_at))
);
CREATE INDEX whole_ledger_item ON whole_ledger (item);

-- Which item of a group of rule choice a firm has chosen; the last one counts.
CREATE TABLE choice (
  seq        BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  grp        TEXT COLLATE "C" NOT NULL CHECK (grp <> ''),
  enterprise TEXT COLLATE "C" NOT NULL REFERENCES enterprise (uscc),
  item       TEXT COLLATE "C" NOT NULL CHECK (item <> ''),
  person     TEXT COLLATE "C" NOT NULL REFERENCES person (id),
  at         TIMESTAMPTZ NOT NULL
);

-- Money that a firm has to give back, and what came of it.
CREATE TABLE recovery (
  id           TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (id <> ''),
  payment      TEXT COLLATE "C" NOT NULL REFERENCES payment (id),
  enterprise   TEXT COLLATE "C" NOT NULL REFERENCES enterprise (uscc),
  amount_fen   BIGINT NOT NULL CHECK (amount_fen > 0),
  received_fen BIGINT NOT NULL DEFAULT 0 CHECK (received_fen >= 0),
  reason       TEXT COLLATE "C" NOT NULL CHECK (reason <> ''),
  proposed_by  TEXT COLLATE "C" NOT NULL REFERENCES person (id),
  proposed_at  TIMESTAMPTZ NOT NULL,
  approved_by  TEXT COLLATE "C" REFERENCES person (id),
  approved_at  TIMESTAMPTZ,
  CHECK (received_fen <= amount_fen),
  CHECK (approved_by <> proposed_by),
  CHECK ((approved_by IS NULL) = (approved_at IS NULL)),
  CHECK (approved_by IS NOT NULL OR received_fen = 0)
);
CREATE INDEX recovery_payment ON recovery (payment);
CREATE INDEX recovery_latest ON recovery (proposed_at DESC, id);
CREATE TABLE recovery_receipt (
  recovery TEXT COLLATE "C" NOT NULL REFERENCES recovery (id),
  ref      TEXT COLLATE "C" NOT NULL UNIQUE CHECK (ref <> ''),
  fen      BIGINT NOT NULL CHECK (fen > 0),
  at       TIMESTAMPTZ NOT NULL,
  person   TEXT COLLATE "C" NOT NULL REFERENCES person (id),
  PRIMARY KEY (recovery, ref)
);
-- The line that a payment is paid out of: its own, or the one that its reservation was moved to, where the bank carried it out in the year
-- after.
CREATE VIEW payment_line AS SELECT p.id AS payment, coalesce(o.line, p.line) AS line
  FROM payment p LEFT JOIN posting o ON o.payment = p.id AND o.kind = 'move_in';
-- What has come back from the firm of an entry that was paid. As much of its caps is free again, and once all of it is back the time that
-- it counted and its places in groups of exclusion too. What it was paid for (basis, once) stays used, and the right stays settled.
CREATE VIEW entry_back AS SELECT p.list, p.n, p.amount_fen, sum(r.received_fen)::BIGINT AS fen
  FROM recovery r JOIN payment p ON p.id = r.payment WHERE p.state = 'paid' GROUP BY p.list, p.n, p.amount_fen;

-- Triggers that look at other rows lock first what could change their answer, always in this order: instance, lists, payments,
-- lines, caps; so that they hold between transactions as they do in SQLite, which has one writer. What many rows of one statement move
-- is moved once a statement: 100,000 updates of one row in one transaction would take the square of that.
--
-- Plans are kept from the first call on, when the tables may be nearly empty and all plans look alike. So that none of them takes the
-- square of a large list, each row is looked up by itself in one table at a time: OFFSET 0 and FOR SHARE keep subqueries from becoming
-- joins, enable_seqscan = off keeps them to indexes, and what must not choose the index is compared by IS NOT DISTINCT FROM or in a CASE.

-- Nor does each row of a large table ask for what it refers to: where that is never deleted and never changes its key, these triggers
-- look for it, once a statement for what all rows share. What stands as REFERENCES is what may go, and what few rows refer to.

-- The civil day of an instant in Shanghai.
CREATE FUNCTION shanghai(at TIMESTAMPTZ) RETURNS DATE LANGUAGE sql IMMUTABLE RETURN (at AT TIME ZONE INTERVAL '8 hours')::DATE;

-- +goose StatementBegin
CREATE FUNCTION refused(why TEXT) RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '%', why USING ERRCODE = 'restrict_violation';
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION dangling(what TEXT) RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'what % refers to is not there: violates foreign key constraint', what USING ERRCODE = 'foreign_key_violation';
END $$;
-- +goose StatementEnd

CREATE TRIGGER payee_account_moves BEFORE UPDATE ON payee_account FOR EACH ROW
  WHEN ((NEW.id, NEW.enterprise, NEW.holder, NEW.bank, NEW.sealed, NEW.masked, NEW.print, NEW.source, NEW.recorded_by, NEW.recorded_at)
      IS DISTINCT FROM (OLD.id, OLD.enterprise, OLD.holder, OLD.bank, OLD.sealed, OLD.masked, OLD.print, OLD.source, OLD.recorded_by, OLD.recorded_at)
    OR OLD.retired_at IS NOT NULL
    OR (OLD.verified_at IS NOT NULL AND (NEW.verified_by, NEW.verified_at, NEW.usable_from) IS DISTINCT FROM (OLD.verified_by, OLD.verified_at, OLD.usable_from)))
  EXECUTE FUNCTION refuse('a payee account is verified once and retired once; another number is another account');
CREATE TRIGGER payee_account_begins BEFORE INSERT ON payee_account FOR EACH ROW
  WHEN (NEW.verified_at IS NOT NULL OR NEW.retired_at IS NOT NULL) EXECUTE FUNCTION refuse('a payee account begins unverified');
CREATE TRIGGER payee_account_delete BEFORE DELETE ON payee_account FOR EACH ROW
  EXECUTE FUNCTION refuse('a payee account is retired, never deleted');

CREATE TRIGGER budget_line_begins BEFORE INSERT ON budget_line FOR EACH ROW
  WHEN (NEW.total_fen <> 0 OR NEW.reserved_fen <> 0 OR NEW.posted_fen <> 0 OR NEW.approved_by IS NOT NULL)
  EXECUTE FUNCTION refuse('a budget line begins empty and unapproved');
CREATE TRIGGER budget_line_moves BEFORE UPDATE ON budget_line FOR EACH ROW
  WHEN ((NEW.id, NEW.name, NEW.year, NEW.department, NEW.item, NEW.unit, NEW.project, NEW.function, NEW.economic, NEW.carried_from, NEW.opened_by)
      IS DISTINCT FROM (OLD.id, OLD.name, OLD.year, OLD.department, OLD.item, OLD.unit, OLD.project, OLD.function, OLD.economic, OLD.carried_from, OLD.opened_by)
    OR (OLD.approved_by IS NOT NULL AND NEW.approved_by IS DISTINCT FROM OLD.approved_by))
  EXECUTE FUNCTION refuse('a budget line keeps what it is for and who approved it');
-- The sums are moved by postings alone.
CREATE TRIGGER budget_line_counts BEFORE UPDATE ON budget_line FOR EACH ROW
  WHEN (pg_trigger_depth() = 0 AND (NEW.total_fen, NEW.reserved_fen, NEW.posted_fen) IS DISTINCT FROM (OLD.total_fen, OLD.reserved_fen, OLD.posted_fen))
  EXECUTE FUNCTION refuse('the sums of a budget line follow its postings');
CREATE TRIGGER budget_line_delete BEFORE DELETE ON budget_line FOR EACH ROW EXECUTE FUNCTION refuse('a budget line is never deleted');

-- The sums follow the postings. Money moves within the line's own year only (M6), recoveries and returns excepted. A payment is posted
-- when it is paid and given back when it has come back; what is reserved is voided when nothing of it is underway or was paid. What the
-- bank carried out in the next year is moved before it is posted, from its line to an approved one that is carried over from that line.
-- +goose StatementBegin
CREATE FUNCTION posting_fits() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
  this RECORD;
BEGIN
  FOR this IN SELECT DISTINCT list FROM added WHERE list IS NOT NULL ORDER BY list LOOP
    PERFORM 1 FROM disbursement_list WHERE id = this.list FOR NO KEY UPDATE;
  END LOOP;
  IF EXISTS (SELECT 1 FROM added a WHERE a.kind IN ('allot', 'reserve', 'move_in', 'post')
    AND extract(year FROM shanghai(a.at)) <> (SELECT b.year FROM budget_line b WHERE b.id = a.line)) THEN
    PERFORM refused('the budget line is of another fiscal year');
  END IF;
  IF EXISTS (SELECT 1 FROM added a WHERE
    (a.payment IS NOT NULL AND NOT EXISTS (SELECT 1 FROM payment p WHERE p.id = a.payment AND p.amount_fen = a.fen
      AND p.state = CASE a.kind WHEN 'return' THEN 'returned' ELSE 'paid' END
      AND CASE a.kind
        WHEN 'move_out' THEN p.line = a.line
        WHEN 'move_in' THEN EXISTS (SELECT 1 FROM budget_line b WHERE b.id = a.line AND b.carried_from = p.line AND b.approved_by IS NOT NULL OFFSET 0)
        ELSE (p.line = a.line AND NOT EXISTS (SELECT 1 FROM posting o WHERE o.payment = a.payment AND o.kind = 'move_out' OFFSET 0))
          OR EXISTS (SELECT 1 FROM posting o WHERE o.payment = a.payment AND o.kind = 'move_in' AND o.line = a.line OFFSET 0) END OFFSET 0))
    OR (a.kind IN ('move_out', 'move_in') AND EXISTS (SELECT 1 FROM posting o WHERE o.payment = a.payment AND o.kind = 'post' OFFSET 0))
    OR (a.kind = 'move_in' AND NOT EXISTS (SELECT 1 FROM posting o WHERE o.payment = a.payment AND o.kind = 'move_out' OFFSET 0))
    OR (a.list IS NOT NULL AND NOT EXISTS (SELECT 1 FROM list_entry e WHERE e.list = a.list AND e.n = a.n AND e.line = a.line AND e.amount_fen = a.fen OFFSET 0))
    OR (a.kind = 'return' AND NOT EXISTS (SELECT 1 FROM posting o WHERE o.payment = a.payment AND o.kind = 'post' OFFSET 0))
    OR (a.kind = 'void' AND NOT EXISTS (SELECT 1 FROM posting o WHERE o.list = a.list AND o.n = a.n AND o.round = a.round AND o.kind = 'reserve' OFFSET 0))
    OR (a.kind = 'void' AND EXISTS (SELECT 1 FROM payment p WHERE p.list = a.list AND p.n = a.n AND (p.state IN ('ready', 'sent', 'unknown', 'paid')
      OR (p.state = 'returned' AND (SELECT b.round FROM payment_batch b WHERE b.id = p.batch) = a.round)) OFFSET 0))
    OR (a.kind = 'recover' AND NOT EXISTS (SELECT 1 FROM recovery_receipt q WHERE q.ref = a.ref AND q.fen = a.fen
      AND (SELECT p.line FROM payment_line p WHERE p.payment = (SELECT r.payment FROM recovery r WHERE r.id = q.recovery)) = a.line OFFSET 0))) THEN
    PERFORM refused('the posting does not fit what it is for');
  END IF;
  FOR this IN SELECT line, sum(fen * ((debit = 'appropriation')::INT - (credit = 'appropriation')::INT))::BIGINT AS total,
      sum(fen * ((credit = 'reserved')::INT - (debit = 'reserved')::INT))::BIGINT AS reserved,
      sum(fen * ((credit = 'paid')::INT - (debit = 'paid')::INT))::BIGINT AS posted
    FROM added GROUP BY line ORDER BY line LOOP
    UPDATE budget_line SET total_fen = total_fen + this.total, reserved_fen = reserved_fen + this.reserved, posted_fen = posted_fen + this.posted
      WHERE id = this.line;
    IF NOT FOUND THEN
      PERFORM dangling('a posting');
    END IF;
  END LOOP;
  IF EXISTS (SELECT 1 FROM (SELECT DISTINCT person FROM added) a WHERE NOT EXISTS (SELECT 1 FROM person p WHERE p.id = a.person OFFSET 0)) THEN
    PERFORM dangling('a posting');
  END IF;
  RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER posting_fits AFTER INSERT ON posting REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION posting_fits();

-- A right is decided anew by a later sweep as long as no list has it.
CREATE TRIGGER entitlement_stays BEFORE UPDATE ON entitlement FOR EACH ROW
  WHEN ((NEW.id, NEW.part, NEW.item, NEW.enterprise, NEW.period, NEW.basis_kind, NEW.basis)
    IS DISTINCT FROM (OLD.id, OLD.part, OLD.item, OLD.enterprise, OLD.period, OLD.basis_kind, OLD.basis))
  EXECUTE FUNCTION refuse('a right keeps what it is');
-- +goose StatementBegin
CREATE FUNCTION entitlement_update() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM list_entry e WHERE e.entitlement = OLD.id AND e.part = OLD.part AND e.status IN ('in', 'held')) THEN
    PERFORM refused('a right keeps its decision while an entry lives on it');
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER entitlement_update BEFORE UPDATE ON entitlement FOR EACH ROW EXECUTE FUNCTION entitlement_update();
-- +goose StatementBegin
CREATE FUNCTION entitlement_stands() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM added a WHERE NOT EXISTS (SELECT 1 FROM enterprise e WHERE e.uscc = a.enterprise OFFSET 0))
    OR EXISTS (SELECT 1 FROM (SELECT DISTINCT sweep FROM added) a WHERE NOT EXISTS (SELECT 1 FROM sweep s WHERE s.id = a.sweep OFFSET 0))
    OR EXISTS (SELECT 1 FROM (SELECT DISTINCT policy_version FROM added) a
      WHERE NOT EXISTS (SELECT 1 FROM policy_version v WHERE v.id = a.policy_version OFFSET 0)) THEN
    PERFORM dangling('a right');
  END IF;
  RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER entitlement_stands AFTER INSERT ON entitlement REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION entitlement_stands();
CREATE TRIGGER entitlement_restands AFTER UPDATE ON entitlement REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION entitlement_stands();

CREATE TRIGGER list_begins BEFORE INSERT ON disbursement_list FOR EACH ROW
  WHEN (NEW.state <> '' OR NEW.suspended <> 0 OR NEW.round <> 0 OR NEW.hash IS NOT NULL) EXECUTE FUNCTION refuse('a list begins with its first event');
-- The number of approvers is settled in the draft; a notice that is out may be made longer, not shorter.
CREATE TRIGGER list_stays BEFORE UPDATE ON disbursement_list FOR EACH ROW
  WHEN ((NEW.id, NEW.department, NEW.kind, NEW.sweep, NEW.made_at) IS DISTINCT FROM (OLD.id, OLD.department, OLD.kind, OLD.sweep, OLD.made_at)
    OR (NEW.two_approvers <> OLD.two_approvers AND OLD.state NOT IN ('', 'draft'))
    OR (OLD.state NOT IN ('', 'draft', 'reviewed', 'confirmed') AND (NEW.notice_until IS NULL OR NEW.notice_until < OLD.notice_until)))
  EXECUTE FUNCTION refuse('a list keeps what it is, who has to approve it and how long its notice is');
-- +goose StatementBegin
CREATE FUNCTION list_moves() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
  IF NOT EXISTS (
    SELECT 1 FROM list_event e WHERE e.list = NEW.id AND e.seq = (SELECT max(seq) FROM list_event WHERE list = NEW.id)
      AND e.from_state = OLD.state AND e.to_state = NEW.state
      AND NEW.suspended = CASE e.action WHEN 'suspend' THEN 1 WHEN 'resume' THEN 0 WHEN 'withdraw' THEN 0 ELSE OLD.suspended END
      AND NEW.round = OLD.round + (e.action = 'notice')::INT) THEN
    PERFORM refused('a list moves by its events alone');
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER list_moves BEFORE UPDATE ON disbursement_list FOR EACH ROW
  WHEN ((NEW.state, NEW.suspended, NEW.round) IS DISTINCT FROM (OLD.state, OLD.suspended, OLD.round)) EXECUTE FUNCTION list_moves();
CREATE TRIGGER list_delete BEFORE DELETE ON disbursement_list FOR EACH ROW EXECUTE FUNCTION refuse('a list is never deleted');

-- A step: from where the list is, in order, in a role that the person has, on the content that the list has, which from handling
-- to export is one and the same. Who changes an entry after handling reopens the list. Two who take a step at one instant meet at
-- the row of the list, and the second finds it moved.
-- +goose StatementBegin
CREATE FUNCTION list_event_fits() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
  l disbursement_list%ROWTYPE;
BEGIN
  SELECT * INTO l FROM disbursement_list WHERE id = NEW.list FOR NO KEY UPDATE;
  IF NOT EXISTS (
    SELECT 1 FROM list_step s WHERE s.action = NEW.action AND s.from_state = NEW.from_state AND s.role = NEW.role
      AND l.state = NEW.from_state AND s.to_state = NEW.to_state
      AND NEW.seq = (SELECT coalesce(max(seq), 0) + 1 FROM list_event WHERE list = NEW.list)
      AND l.suspended = (NEW.action = 'resume' OR (NEW.action = 'withdraw' AND l.suspended = 1))::INT
      AND (NEW.hash IS NULL OR NEW.hash = l.hash)
      AND (NEW.action <> 'notice' OR l.notice_until >= shanghai(NEW.at))
      AND (NEW.action <> 'handle' OR l.notice_until < shanghai(NEW.at))
      AND (NEW.action NOT IN ('check', 'approve_first', 'approve', 'export')
        OR NEW.hash = (SELECT v.hash FROM list_event v WHERE v.list = NEW.list AND v.action = 'handle' ORDER BY v.seq DESC LIMIT 1))
      AND (NEW.action <> 'approve_first' OR l.two_approvers = 1)
      AND (NEW.action <> 'approve' OR l.two_approvers = (NEW.from_state = 'approving')::INT)) THEN
    PERFORM refused('the list can not take this step now');
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER list_event_fits BEFORE INSERT ON list_event FOR EACH ROW EXECUTE FUNCTION list_event_fits();
-- The role is held until the step is committed: it is revoked before, and the step refused, or after.
-- +goose StatementBegin
CREATE FUNCTION list_event_role() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
  PERFORM 1 FROM role_grant g JOIN person p ON p.id = g.person
    WHERE g.person = NEW.person AND g.role = NEW.role AND g.confirmed_at IS NOT NULL AND g.revoked_at IS NULL AND p.disabled_at IS NULL
      AND (NEW.role NOT IN ('D1', 'D2') OR g.scope = (SELECT department FROM disbursement_list WHERE id = NEW.list))
    FOR SHARE OF g, p;
  IF NOT FOUND THEN
    PERFORM refused('the person does not have this role here');
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER list_event_role BEFORE INSERT ON list_event FOR EACH ROW EXECUTE FUNCTION list_event_role();
-- A1: whoever made, reviewed, handled, checked or approved a list does none of the others on it, ever.
-- +goose StatementBegin
CREATE FUNCTION list_event_persons() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
  IF EXISTS (
    SELECT 1 FROM list_event e WHERE e.list = NEW.list AND e.person = NEW.person
      AND e.action IN ('draft', 'edit', 'review', 'handle', 'check', 'approve_first', 'approve')
      AND replace(e.action, 'edit', 'draft') <> replace(NEW.action, 'edit', 'draft')) THEN
    PERFORM refused('another stage of this list was done by the same person');
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER list_event_persons BEFORE INSERT ON list_event FOR EACH ROW
  WHEN (NEW.action IN ('draft', 'edit', 'review', 'handle', 'check', 'approve_first', 'approve')) EXECUTE FUNCTION list_event_persons();
-- A list is exported when each entry that is in has its payment of this round, sent as it was exported, settled when the bank has
-- answered for each payment, and called back while none has left (M8, A6).
-- +goose StatementBegin
CREATE FUNCTION list_event_payments() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
  exported TEXT;
BEGIN
  IF NEW.action = 'export' THEN
    SELECT b.id INTO exported FROM payment_batch b WHERE b.list = NEW.list AND b.list_hash = NEW.hash
      AND b.round = (SELECT round FROM disbursement_list WHERE id = NEW.list);
    IF EXISTS (SELECT 1 FROM list_entry e WHERE e.list = NEW.list AND e.status = 'in' AND NOT EXISTS (SELECT 1 FROM payment p
      WHERE p.list = e.list AND p.n = e.n AND p.state = 'ready' AND p.amount_fen = e.amount_fen AND p.batch IS NOT DISTINCT FROM exported OFFSET 0)) THEN
      PERFORM refused('entries of the list have no payment');
    END IF;
  END IF;
  IF NEW.action = 'settle' AND EXISTS (SELECT 1 FROM payment p WHERE p.list = NEW.list AND p.state IN ('ready', 'sent', 'unknown')) THEN
    PERFORM refused('payments of the list are open');
  END IF;
  IF NEW.action IN ('return', 'withdraw') AND EXISTS (SELECT 1 FROM payment p WHERE p.list = NEW.list AND p.state IN ('sent', 'unknown', 'paid')) THEN
    PERFORM refused('payments of the list have left');
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER list_event_payments BEFORE INSERT ON list_event FOR EACH ROW
  WHEN (NEW.action IN ('export', 'settle', 'return', 'withdraw')) EXECUTE FUNCTION list_event_payments();
-- +goose StatementBegin
CREATE FUNCTION list_event_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE disbursement_list SET state = NEW.to_state,
    suspended = CASE NEW.action WHEN 'suspend' THEN 1 WHEN 'resume' THEN 0 WHEN 'withdraw' THEN 0 ELSE suspended END,
    round = round + (NEW.action = 'notice')::INT
  WHERE id = NEW.list;
  RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER list_event_moves AFTER INSERT ON list_event FOR EACH ROW EXECUTE FUNCTION list_event_moves();

-- Entries come in and change their sum, line and account in a draft. Later their status alone changes: held and let go, removed,
-- and after the bank's answer returned. Each change empties the hash, which voids what was approved.
-- +goose StatementBegin
CREATE FUNCTION list_entry_begins() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
  this RECORD;
  state_now TEXT;
BEGIN
  FOR this IN SELECT DISTINCT list FROM added ORDER BY list LOOP
    SELECT state INTO state_now FROM disbursement_list WHERE id = this.list FOR NO KEY UPDATE;
    IF NOT FOUND OR state_now NOT IN ('', 'draft') THEN
      PERFORM refused('an entry comes into a draft, with what its entitlement says');
    END IF;
    UPDATE disbursement_list SET hash = NULL WHERE id = this.list AND hash IS NOT NULL;
  END LOOP;
  IF (SELECT count(*) FROM added) <> (
    SELECT count(*) FROM added a CROSS JOIN LATERAL (
      SELECT 1 FROM entitlement t WHERE t.id = a.entitlement AND t.part = a.part
        AND (t.enterprise, t.item, t.amount_fen) IS NOT DISTINCT FROM (a.enterprise, a.item, a.claimed_fen) FOR SHARE) t) THEN
    PERFORM refused('an entry comes into a draft, with what its entitlement says');
  END IF;
  IF EXISTS (SELECT 1 FROM (SELECT DISTINCT line FROM added) a WHERE NOT EXISTS (SELECT 1 FROM budget_line b WHERE b.id = a.line OFFSET 0))
    OR EXISTS (SELECT 1 FROM added a WHERE CASE WHEN a.account IS NULL THEN FALSE ELSE NOT EXISTS (
      SELECT 1 FROM payee_account p WHERE p.id = a.account AND p.enterprise IS NOT DISTINCT FROM a.enterprise OFFSET 0) END) THEN
    PERFORM dangling('an entry');
  END IF;
  -- M1: what was granted before or elsewhere isn't paid again, also what waits to be confirmed; what was given back of it counts once a
  -- second person has confirmed that. Drafts share what who brings grants in has alone, to the end of the
  -- transaction, and look afterwards: of two at once one sees the other.
  PERFORM pg_advisory_xact_lock_shared(469919428100);
  IF EXISTS (SELECT 1 FROM earlier_grant WHERE live = 1) AND EXISTS (
    SELECT 1 FROM added a CROSS JOIN LATERAL (
      SELECT sum(g.amount_fen) AS fen FROM entitlement t
        JOIN earlier_grant g ON g.item = t.item AND g.enterprise = t.enterprise AND g.period = t.period AND g.basis = t.basis AND g.live = 1
        AND (g.amount_fen > 0 OR EXISTS (SELECT 1 FROM earlier_file h WHERE h.id = g.file AND h.answer = 'confirmed'))
      WHERE t.id = a.entitlement AND t.part = a.part) g
    WHERE a.part NOT LIKE 'c%' AND g.fen > 0) THEN
    PERFORM refused('the right was paid before this ledger or elsewhere');
  END IF;
  RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER list_entry_begins AFTER INSERT ON list_entry REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION list_entry_begins();
CREATE TRIGGER list_entry_stays BEFORE UPDATE ON list_entry FOR EACH ROW
  WHEN ((NEW.list, NEW.n, NEW.entitlement, NEW.part, NEW.enterprise, NEW.item, NEW.name, NEW.claimed_fen)
      IS DISTINCT FROM (OLD.list, OLD.n, OLD.entitlement, OLD.part, OLD.enterprise, OLD.item, OLD.name, OLD.claimed_fen)
    OR OLD.status IN ('removed', 'returned'))
  EXECUTE FUNCTION refuse('the entry can not change in this way');
-- +goose StatementBegin
CREATE FUNCTION list_entry_edit() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
  now_in TEXT;
BEGIN
  SELECT state INTO now_in FROM disbursement_list WHERE id = NEW.list FOR NO KEY UPDATE;
  IF now_in <> 'draft' THEN
    PERFORM refused('the entry can not change in this way now');
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER list_entry_edit BEFORE UPDATE ON list_entry FOR EACH ROW
  WHEN ((NEW.amount_fen, NEW.reason, NEW.line) IS DISTINCT FROM (OLD.amount_fen, OLD.reason, OLD.line))
  EXECUTE FUNCTION list_entry_edit();
-- An entry that is paid less takes less of its caps. What an entry occupied is free again when it is out.
-- +goose StatementBegin
CREATE FUNCTION list_entry_moves() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
  this RECORD;
  now_in TEXT;
BEGIN
  FOR this IN SELECT list, bool_or(status <> 'returned') AS voids FROM changed GROUP BY list ORDER BY list LOOP
    SELECT state INTO now_in FROM disbursement_list WHERE id = this.list FOR NO KEY UPDATE;
    IF now_in NOT IN ('draft', 'reviewed', 'confirmed') AND EXISTS (
      SELECT n, account FROM changed WHERE list = this.list EXCEPT SELECT n, account FROM earlier WHERE list = this.list) THEN
      PERFORM refused('the entry can not change in this way now');
    END IF;
    UPDATE disbursement_list SET hash = NULL WHERE id = this.list AND this.voids AND state NOT IN ('sent', 'settled') AND hash IS NOT NULL;
  END LOOP;
  IF EXISTS (SELECT 1 FROM changed c WHERE
    (c.status = 'returned' AND NOT EXISTS (SELECT 1 FROM payment p WHERE p.list = c.list AND p.n = c.n AND p.state IN ('failed', 'returned') OFFSET 0))
    OR (c.status = 'returned' AND EXISTS (SELECT 1 FROM payment p WHERE p.list = c.list AND p.n = c.n AND p.state IN ('ready', 'sent', 'unknown', 'paid') OFFSET 0))
    OR (c.status IN ('held', 'removed') AND EXISTS (SELECT 1 FROM payment p WHERE p.list = c.list AND p.n = c.n AND p.state IN ('sent', 'unknown', 'paid') OFFSET 0))) THEN
    PERFORM refused('the entry can not change in this way now');
  END IF;
  IF EXISTS (SELECT 1 FROM (SELECT DISTINCT line FROM changed) c WHERE NOT EXISTS (SELECT 1 FROM budget_line b WHERE b.id = c.line OFFSET 0))
    OR EXISTS (SELECT 1 FROM changed c WHERE CASE WHEN c.account IS NULL THEN FALSE ELSE NOT EXISTS (
      SELECT 1 FROM payee_account p WHERE p.id = c.account AND p.enterprise IS NOT DISTINCT FROM c.enterprise OFFSET 0) END) THEN
    PERFORM dangling('an entry');
  END IF;
  UPDATE entry_cap u SET fen = c.amount_fen FROM changed c JOIN earlier o ON o.list = c.list AND o.n = c.n AND o.amount_fen > c.amount_fen
    WHERE u.list = c.list AND u.n = c.n AND u.fen > c.amount_fen;
  DELETE FROM entry_seat WHERE ctid = ANY (ARRAY(SELECT s.at FROM changed c
    CROSS JOIN LATERAL (SELECT s.ctid AS at FROM entry_seat s WHERE s.list = c.list AND s.n = c.n OFFSET 0) s WHERE c.status IN ('removed', 'returned')));
  DELETE FROM entry_cap WHERE ctid = ANY (ARRAY(SELECT u.at FROM changed c
    CROSS JOIN LATERAL (SELECT u.ctid AS at FROM entry_cap u WHERE u.list = c.list AND u.n = c.n OFFSET 0) u WHERE c.status IN ('removed', 'returned')));
  RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER list_entry_moves AFTER UPDATE ON list_entry REFERENCING OLD TABLE AS earlier NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION list_entry_moves();
CREATE TRIGGER list_entry_delete BEFORE DELETE ON list_entry FOR EACH ROW EXECUTE FUNCTION refuse('an entry is removed with a reason, never deleted');

-- +goose StatementBegin
CREATE FUNCTION entry_seat_frees() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
  this RECORD;
BEGIN
  IF EXISTS (SELECT 1 FROM gone g WHERE EXISTS (
      SELECT 1 FROM list_entry e WHERE e.list = g.list AND e.n = g.n AND e.status IN ('in', 'held') OFFSET 0)
    AND NOT (g.kind = 'exclusive' AND EXISTS (SELECT 1 FROM entry_back b WHERE b.list = g.list AND b.n = g.n AND b.fen >= b.amount_fen OFFSET 0))) THEN
    PERFORM refused('the entry still counts');
  END IF;
  FOR this IN SELECT DISTINCT kind, key FROM gone ORDER BY kind, key LOOP
    PERFORM 1 FROM seat WHERE kind = this.kind AND key = this.key FOR UPDATE;
    DELETE FROM seat WHERE kind = this.kind AND key = this.key
      AND NOT EXISTS (SELECT 1 FROM entry_seat s WHERE s.kind = this.kind AND s.key = this.key OFFSET 0);
  END LOOP;
  RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER entry_seat_frees AFTER DELETE ON entry_seat REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION entry_seat_frees();
-- +goose StatementBegin
CREATE FUNCTION entry_seat_stands() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM added a WHERE NOT EXISTS (SELECT 1 FROM list_entry e WHERE e.list = a.list AND e.n = a.n OFFSET 0)) THEN
    PERFORM dangling('the seat of an entry');
  END IF;
  RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER entry_seat_stands AFTER INSERT ON entry_seat REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION entry_seat_stands();
CREATE TRIGGER entry_seat_update BEFORE UPDATE ON entry_seat FOR EACH ROW EXECUTE FUNCTION refuse('entry_seat never changes');
-- +goose StatementBegin
CREATE FUNCTION entry_cap_update() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
  IF (NEW.list, NEW.n, NEW.key, NEW.times) IS DISTINCT FROM (OLD.list, OLD.n, OLD.key, OLD.times)
    OR (NEW.fen <> OLD.fen AND (NEW.fen > OLD.fen OR NEW.fen <> (SELECT e.amount_fen FROM list_entry e WHERE e.list = NEW.list AND e.n = NEW.n)))
    OR ((NEW.back_fen, NEW.back_times) IS DISTINCT FROM (OLD.back_fen, OLD.back_times) AND NOT EXISTS (
      SELECT 1 FROM entry_back b WHERE b.list = NEW.list AND b.n = NEW.n
        AND NEW.back_fen = least(NEW.fen, b.fen) AND NEW.back_times = NEW.times * (b.fen >= b.amount_fen)::INT)) THEN
    PERFORM refused('a share of a cap follows its entry and what came back');
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER entry_cap_update BEFORE UPDATE ON entry_cap FOR EACH ROW EXECUTE FUNCTION entry_cap_update();
-- +goose StatementBegin
CREATE FUNCTION entry_cap_recounts() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
  this RECORD;
BEGIN
  FOR this IN SELECT key, sum(fen)::BIGINT AS fen, sum(times)::BIGINT AS times FROM (
      SELECT key, fen - back_fen AS fen, times - back_times AS times FROM after UNION ALL SELECT key, back_fen - fen, back_times - times FROM before) x
    GROUP BY key ORDER BY key LOOP
    UPDATE cap_use SET used_fen = used_fen + this.fen, used_times = used_times + this.times WHERE key = this.key;
  END LOOP;
  RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER entry_cap_recounts AFTER UPDATE ON entry_cap REFERENCING OLD TABLE AS before NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION entry_cap_recounts();
-- +goose StatementBegin
CREATE FUNCTION entry_cap_counts() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
  caps BIGINT;
BEGIN
  IF EXISTS (SELECT 1 FROM added a WHERE NOT EXISTS (SELECT 1 FROM list_entry e WHERE e.list = a.list AND e.n = a.n OFFSET 0)) THEN
    PERFORM dangling('the share of an entry');
  END IF;
  UPDATE cap_use c SET used_fen = c.used_fen + a.fen, used_times = c.used_times + a.times
    FROM (SELECT s.fen, s.times, u.at FROM (
        SELECT key, sum(fen)::BIGINT AS fen, sum(times)::BIGINT AS times FROM added GROUP BY key ORDER BY key) s
      CROSS JOIN LATERAL (SELECT u.ctid AS at FROM cap_use u WHERE u.key = s.key FOR NO KEY UPDATE) u OFFSET 0) a
    WHERE c.ctid = a.at;
  GET DIAGNOSTICS caps = ROW_COUNT;
  IF caps <> (SELECT count(DISTINCT key) FROM added) THEN
    PERFORM dangling('the share of an entry');
  END IF;
  RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER entry_cap_counts AFTER INSERT ON entry_cap REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION entry_cap_counts();
-- +goose StatementBegin
CREATE FUNCTION entry_cap_frees() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
  this RECORD;
BEGIN
  IF EXISTS (SELECT 1 FROM gone g WHERE EXISTS (
    SELECT 1 FROM list_entry e WHERE e.list = g.list AND e.n = g.n AND e.status IN ('in', 'held') OFFSET 0)) THEN
    PERFORM refused('the entry still counts');
  END IF;
  FOR this IN SELECT key, sum(fen - back_fen)::BIGINT AS fen, sum(times - back_times)::BIGINT AS times FROM gone GROUP BY key ORDER BY key LOOP
    UPDATE cap_use SET used_fen = used_fen - this.fen, used_times = used_times - this.times WHERE key = this.key;
  END LOOP;
  RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER entry_cap_frees AFTER DELETE ON entry_cap REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION entry_cap_frees();
CREATE TRIGGER cap_use_stays BEFORE UPDATE OF key ON cap_use FOR EACH ROW WHEN (NEW.key <> OLD.key) EXECUTE FUNCTION refuse('a cap keeps its key');
CREATE TRIGGER cap_use_delete BEFORE DELETE ON cap_use FOR EACH ROW EXECUTE FUNCTION refuse('a cap is never deleted');
CREATE TRIGGER cap_use_begins BEFORE INSERT ON cap_use FOR EACH ROW WHEN (NEW.used_fen <> 0 OR NEW.used_times <> 0)
  EXECUTE FUNCTION refuse('a cap begins unused');

CREATE TRIGGER objection_moves BEFORE UPDATE ON objection FOR EACH ROW
  WHEN (OLD.outcome IS NOT NULL OR (NEW.id, NEW.list, NEW.n, NEW.raised_by, NEW.text, NEW.recorded_by, NEW.raised_at)
    IS DISTINCT FROM (OLD.id, OLD.list, OLD.n, OLD.raised_by, OLD.text, OLD.recorded_by, OLD.raised_at))
  EXECUTE FUNCTION refuse('an objection is answered once');
CREATE TRIGGER objection_delete BEFORE DELETE ON objection FOR EACH ROW EXECUTE FUNCTION refuse('an objection is never deleted');

-- A payment is made out of an approved entry of the same sum, line and account, to which nobody objects; nothing is paid while
-- payments are locked (R7), nor added to a batch that is closed.
-- +goose StatementBegin
CREATE FUNCTION payment_begins() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
  this RECORD;
  l disbursement_list%ROWTYPE;
BEGIN
  PERFORM 1 FROM instance WHERE locked = 0 FOR SHARE;
  IF NOT FOUND THEN
    PERFORM refused('payments are locked until two persons have unlocked them');
  END IF;
  FOR this IN SELECT DISTINCT list FROM added ORDER BY list LOOP
    SELECT * INTO l FROM disbursement_list WHERE id = this.list FOR NO KEY UPDATE;
    IF NOT FOUND OR l.state <> 'approved' OR l.suspended = 1
      OR l.hash IS DISTINCT FROM (SELECT v.hash FROM list_event v WHERE v.list = l.id AND v.action = 'approve' ORDER BY v.seq DESC LIMIT 1)
      OR EXISTS (SELECT 1 FROM added a WHERE a.list = l.id AND (a.state <> 'ready'
        OR NOT EXISTS (SELECT 1 FROM list_entry e WHERE e.list = a.list AND e.n = a.n AND e.status = 'in'
          AND e.amount_fen = a.amount_fen AND e.line = a.line AND e.account = a.account OFFSET 0)
        OR NOT EXISTS (SELECT 1 FROM posting o WHERE o.list = a.list AND o.n = a.n AND o.round = l.round AND o.kind = 'reserve'
          AND (o.fen, o.line) IS NOT DISTINCT FROM (a.amount_fen, a.line) OFFSET 0)
        OR EXISTS (SELECT 1 FROM posting o WHERE o.list = a.list AND o.n = a.n AND o.round = l.round AND o.kind = 'void' OFFSET 0)
        OR EXISTS (SELECT 1 FROM objection j WHERE j.list = a.list AND j.n = a.n AND j.outcome IS NULL OFFSET 0)
        OR EXISTS (SELECT 1 FROM payment_batch b WHERE b.id = a.batch OFFSET 0))) THEN
      PERFORM refused('a payment comes from an entry that is approved and reserved');
    END IF;
  END LOOP;
  IF EXISTS (SELECT 1 FROM added a WHERE extract(year FROM shanghai(a.moved_at)) <> (SELECT b.year FROM budget_line b WHERE b.id = a.line)) THEN
    PERFORM refused('the budget line is of another fiscal year');
  END IF;
  IF EXISTS (SELECT 1 FROM added a WHERE NOT EXISTS (SELECT 1 FROM payee_account c
    WHERE c.id = a.account AND CASE WHEN c.verified_at IS NULL OR c.retired_at IS NOT NULL THEN FALSE ELSE c.usable_from <= a.moved_at END OFFSET 0)) THEN
    PERFORM refused('the payee account is not verified, or still in its cooling period');
  END IF;
  RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER payment_begins AFTER INSERT ON payment REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION payment_begins();
CREATE TRIGGER payment_moves BEFORE UPDATE ON payment FOR EACH ROW
  WHEN ((NEW.id, NEW.list, NEW.n, NEW.attempt, NEW.batch, NEW.account, NEW.line, NEW.amount_fen)
      IS DISTINCT FROM (OLD.id, OLD.list, OLD.n, OLD.attempt, OLD.batch, OLD.account, OLD.line, OLD.amount_fen)
    OR NOT CASE OLD.state
      WHEN 'ready' THEN NEW.state IN ('sent', 'cancelled')
      WHEN 'sent' THEN NEW.state IN ('paid', 'failed', 'unknown')
      WHEN 'unknown' THEN NEW.state IN ('paid', 'failed')
      WHEN 'paid' THEN NEW.state = 'returned'
      ELSE FALSE END)
  EXECUTE FUNCTION refuse('the payment can not go to this state');
-- What is sent is sent as it was exported: by a list that stands, an entry that is in, a line of the year. What came back from
-- the firm doesn't come back from the bank as well. Rows that are sent or returned have just become so.
-- +goose StatementBegin
CREATE FUNCTION payment_sends() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
  this RECORD;
  l disbursement_list%ROWTYPE;
BEGIN
  FOR this IN SELECT DISTINCT list FROM changed WHERE state = 'sent' ORDER BY list LOOP
    PERFORM 1 FROM instance WHERE locked = 0 FOR SHARE;
    IF NOT FOUND THEN
      PERFORM refused('payments are locked until two persons have unlocked them');
    END IF;
    SELECT * INTO l FROM disbursement_list WHERE id = this.list FOR NO KEY UPDATE;
    IF l.state NOT IN ('exported', 'sent') OR l.suspended = 1
      OR EXISTS (SELECT 1 FROM changed c WHERE c.list = l.id AND c.state = 'sent' AND (
        NOT EXISTS (SELECT 1 FROM payment_batch b WHERE b.id = c.batch AND (b.round, b.list_hash) IS NOT DISTINCT FROM (l.round, l.hash) OFFSET 0)
        OR NOT EXISTS (SELECT 1 FROM list_entry e WHERE e.list = c.list AND e.n = c.n AND e.status = 'in' OFFSET 0)
        OR NOT EXISTS (SELECT 1 FROM payee_account a WHERE a.id = c.account AND a.retired_at IS NULL OFFSET 0)
        OR extract(year FROM shanghai(c.moved_at)) <> (SELECT y.year FROM budget_line y WHERE y.id = c.line))) THEN
      PERFORM refused('a payment is sent as it was exported, within the year of its line, to an account in use');
    END IF;
  END LOOP;
  IF EXISTS (SELECT 1 FROM changed c WHERE c.state = 'returned'
    AND EXISTS (SELECT 1 FROM recovery r WHERE r.payment = c.id AND r.received_fen > 0 OFFSET 0)) THEN
    PERFORM refused('the firm has given back of this payment');
  END IF;
  RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER payment_sends AFTER UPDATE ON payment REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION payment_sends();
CREATE TRIGGER payment_delete BEFORE DELETE ON payment FOR EACH ROW EXECUTE FUNCTION refuse('a payment is never deleted');

-- M8: the batch is of the list as approved, with the count and sum of its payments.
-- +goose StatementBegin
CREATE FUNCTION payment_batch_whole() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
  PERFORM 1 FROM disbursement_list WHERE id = NEW.list AND state = 'approved' AND round = NEW.round AND hash = NEW.list_hash FOR NO KEY UPDATE;
  IF NOT FOUND OR (SELECT count(*) <> NEW.lines OR coalesce(sum(p.amount_fen), 0) <> NEW.sum_fen OR count(*) FILTER (WHERE p.list <> NEW.list) > 0
    FROM payment p WHERE p.batch = NEW.id) THEN
    PERFORM refused('count or sum of the batch is not that of its payments');
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER payment_batch_whole BEFORE INSERT ON payment_batch FOR EACH ROW EXECUTE FUNCTION payment_batch_whole();

CREATE TRIGGER receipt_line_moves BEFORE UPDATE ON receipt_line FOR EACH ROW
  WHEN (OLD.resolved_at IS NOT NULL OR (NEW.id, NEW.file, NEW.batch, NEW.payment, NEW.print, NEW.amount_fen, NEW.result, NEW.reason, NEW.bank_at)
    IS DISTINCT FROM (OLD.id, OLD.file, OLD.batch, OLD.payment, OLD.print, OLD.amount_fen, OLD.result, OLD.reason, OLD.bank_at))
  EXECUTE FUNCTION refuse('a receipt is resolved once');
-- Two persons: who took the receipt in, or stated it, doesn't resolve it; nor does who was stood in for, on either side. Files never change.
-- +goose StatementBegin
CREATE FUNCTION receipt_line_persons() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM receipt_file f WHERE f.sha256 = NEW.file
    AND (NEW.resolved_by IN (f.received_by, f.received_for) OR NEW.resolved_for IN (f.received_by, f.received_for))) THEN
    PERFORM refused('who took a receipt in does not resolve it');
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER receipt_line_persons BEFORE UPDATE ON receipt_line FOR EACH ROW WHEN (NEW.resolved_by IS NOT NULL) EXECUTE FUNCTION receipt_line_persons();
CREATE TRIGGER receipt_line_delete BEFORE DELETE ON receipt_line FOR EACH ROW EXECUTE FUNCTION refuse('a receipt is never deleted');
CREATE TRIGGER finding_moves BEFORE UPDATE ON finding FOR EACH ROW
  WHEN (OLD.answer IS NOT NULL OR (NEW.id, NEW.item, NEW.enterprise, NEW.condition, NEW.result, NEW.amount_fen, NEW.on_day, NEW.evidence, NEW.recorded_by, NEW.recorded_at)
    IS DISTINCT FROM (OLD.id, OLD.item, OLD.enterprise, OLD.condition, OLD.result, OLD.amount_fen, OLD.on_day, OLD.evidence, OLD.recorded_by, OLD.recorded_at))
  EXECUTE FUNCTION refuse('a finding is answered once');
CREATE TRIGGER earlier_file_moves BEFORE UPDATE ON earlier_file FOR EACH ROW
  WHEN (OLD.answer IS NOT NULL OR (NEW.id, NEW.department, NEW.name, NEW.sha256, NEW.source, NEW.grants, NEW.sum_fen, NEW.recorded_by, NEW.recorded_at)
    IS DISTINCT FROM (OLD.id, OLD.department, OLD.name, OLD.sha256, OLD.source, OLD.grants, OLD.sum_fen, OLD.recorded_by, OLD.recorded_at))
  EXECUTE FUNCTION refuse('a file of earlier grants is answered once');
CREATE TRIGGER earlier_file_delete BEFORE DELETE ON earlier_file FOR EACH ROW EXECUTE FUNCTION refuse('a file of earlier grants is never deleted');
CREATE TRIGGER earlier_grant_delete BEFORE DELETE ON earlier_grant FOR EACH ROW EXECUTE FUNCTION refuse('an earlier grant is never deleted');
CREATE TRIGGER whole_ledger_moves BEFORE UPDATE ON whole_ledger FOR EACH ROW
  WHEN (OLD.ended_at IS NOT NULL OR OLD.answer = 'rejected' OR (NEW.id, NEW.department, NEW.item, NEW.since, NEW.evidence, NEW.recorded_by, NEW.recorded_at)
    IS DISTINCT FROM (OLD.id, OLD.department, OLD.item, OLD.since, OLD.evidence, OLD.recorded_by, OLD.recorded_at)
  OR (OLD.answer IS NOT NULL AND (NEW.answer, NEW.answered_by, NEW.answered_at) IS DISTINCT FROM (OLD.answer, OLD.answered_by, OLD.answered_at)))
  EXECUTE FUNCTION refuse('that the ledger is whole is answered once and ended once');
CREATE TRIGGER whole_ledger_begins BEFORE INSERT ON whole_ledger FOR EACH ROW
  WHEN (NEW.answer IS NOT NULL OR NEW.ended_at IS NOT NULL)
  EXECUTE FUNCTION refuse('that the ledger is whole begins unconfirmed');
CREATE TRIGGER whole_ledger_delete BEFORE DELETE ON whole_ledger FOR EACH ROW EXECUTE FUNCTION refuse('that the ledger is whole is ended, never deleted');
CREATE TRIGGER earlier_file_begins BEFORE INSERT ON earlier_file FOR EACH ROW
  WHEN (NEW.answer IS NOT NULL)
  EXECUTE FUNCTION refuse('a file of earlier grants begins unconfirmed');
-- Whether a list of this ledger has a right, or paid it. Who asks has the lock that drafts share.
-- +goose StatementBegin
CREATE FUNCTION on_a_list(its_item TEXT, firm TEXT, its_period TEXT, its_basis TEXT) RETURNS BOOLEAN LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
  RETURN EXISTS (SELECT 1 FROM entitlement t JOIN list_entry e ON e.entitlement = t.id AND e.part = t.part
    WHERE t.item = its_item AND t.enterprise = firm AND t.period = its_period AND t.basis = its_basis
      AND e.status IN ('in', 'held') AND e.part NOT LIKE 'c%');
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION earlier_grant_fits() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    PERFORM pg_advisory_xact_lock(469919428100);
    IF NEW.amount_fen > 0 AND on_a_list(NEW.item, NEW.enterprise, NEW.period, NEW.basis) THEN
      PERFORM refused('the right is on a list of this ledger');
    END IF;
    PERFORM 1 FROM earlier_file WHERE id = NEW.file AND answer IS NULL FOR NO KEY UPDATE;
    IF NEW.live <> 1 OR NOT FOUND THEN
      PERFORM refused('an earlier grant comes in with its file');
    END IF;
  ELSIF (NEW.file, NEW.line, NEW.item, NEW.enterprise, NEW.period, NEW.basis, NEW.amount_fen, NEW.on_day)
      IS DISTINCT FROM (OLD.file, OLD.line, OLD.item, OLD.enterprise, OLD.period, OLD.basis, OLD.amount_fen, OLD.on_day)
    OR NEW.live <> 0 OR NOT EXISTS (SELECT 1 FROM earlier_file WHERE id = NEW.file AND answer = 'rejected') THEN
    PERFORM refused('an earlier grant falls with its file alone');
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER earlier_grant_fits BEFORE INSERT OR UPDATE ON earlier_grant FOR EACH ROW EXECUTE FUNCTION earlier_grant_fits();
-- What another file gives back was granted.
-- +goose StatementBegin
CREATE FUNCTION earlier_file_falls() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(469919428100);
  UPDATE earlier_grant SET live = 0 WHERE file = NEW.id;
  IF EXISTS (SELECT 1 FROM (SELECT DISTINCT item, enterprise, period, basis FROM earlier_grant WHERE file = NEW.id AND amount_fen > 0) g
    WHERE (SELECT coalesce(sum(o.amount_fen), 0) FROM earlier_grant o WHERE o.item = g.item AND o.enterprise = g.enterprise
        AND o.period = g.period AND o.basis = g.basis AND o.live = 1) < 0) THEN
    PERFORM refused('more would be given back than was granted');
  END IF;
  RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER earlier_file_falls AFTER UPDATE ON earlier_file FOR EACH ROW WHEN (NEW.answer = 'rejected') EXECUTE FUNCTION earlier_file_falls();
CREATE TRIGGER finding_delete BEFORE DELETE ON finding FOR EACH ROW EXECUTE FUNCTION refuse('a finding is never deleted');

-- A payment is claimed back, of the firm that has it, once at most to its whole sum, over all its recoveries. Whoever claims or
-- receives meets the others at the payment's row.
-- +goose StatementBegin
CREATE FUNCTION recovery_fits() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
  paid BIGINT;
BEGIN
  SELECT p.amount_fen INTO paid FROM payment p WHERE p.id = NEW.payment AND p.state = 'paid' FOR NO KEY UPDATE;
  IF NEW.approved_by IS NOT NULL OR NEW.received_fen <> 0
    OR NEW.amount_fen + (SELECT coalesce(sum(r.amount_fen), 0) FROM recovery r WHERE r.payment = NEW.payment) > coalesce(paid, 0)
    OR NEW.enterprise <> (SELECT e.enterprise FROM payment p JOIN list_entry e ON e.list = p.list AND e.n = p.n WHERE p.id = NEW.payment) THEN
    PERFORM refused('more would be claimed back than was paid');
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER recovery_fits BEFORE INSERT ON recovery FOR EACH ROW EXECUTE FUNCTION recovery_fits();
-- +goose StatementBegin
CREATE FUNCTION recovery_moves() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
  IF (NEW.id, NEW.payment, NEW.enterprise, NEW.amount_fen, NEW.reason, NEW.proposed_by)
      IS DISTINCT FROM (OLD.id, OLD.payment, OLD.enterprise, OLD.amount_fen, OLD.reason, OLD.proposed_by)
    OR (OLD.approved_by IS NOT NULL AND NEW.approved_by IS DISTINCT FROM OLD.approved_by)
    OR NEW.received_fen <> (SELECT coalesce(sum(q.fen), 0) FROM recovery_receipt q WHERE q.recovery = NEW.id) THEN
    PERFORM refused('a recovery is approved once, and has received what its receipts say');
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER recovery_moves BEFORE UPDATE ON recovery FOR EACH ROW EXECUTE FUNCTION recovery_moves();
CREATE TRIGGER recovery_delete BEFORE DELETE ON recovery FOR EACH ROW EXECUTE FUNCTION refuse('a recovery is never deleted');
-- +goose StatementBegin
CREATE FUNCTION recovery_counts() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
  this RECORD;
  back RECORD;
BEGIN
  FOR this IN SELECT recovery, sum(fen)::BIGINT AS fen FROM added GROUP BY recovery ORDER BY recovery LOOP
    PERFORM 1 FROM payment WHERE id = (SELECT payment FROM recovery WHERE id = this.recovery) AND state = 'paid' FOR NO KEY UPDATE;
    IF NOT FOUND THEN
      PERFORM refused('the payment was returned by the bank');
    END IF;
    UPDATE recovery SET received_fen = received_fen + this.fen WHERE id = this.recovery;
    SELECT b.list, b.n, b.fen, b.fen >= b.amount_fen AS whole INTO back FROM recovery r JOIN payment p ON p.id = r.payment
      JOIN entry_back b ON b.list = p.list AND b.n = p.n WHERE r.id = this.recovery;
    UPDATE entry_cap SET back_fen = least(fen, back.fen), back_times = times * back.whole::INT WHERE list = back.list AND n = back.n;
    DELETE FROM entry_seat WHERE back.whole AND kind = 'exclusive' AND list = back.list AND n = back.n;
  END LOOP;
  RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER recovery_counts AFTER INSERT ON recovery_receipt REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION recovery_counts();

-- +goose StatementBegin
DO $$
DECLARE name TEXT;
BEGIN
  FOREACH name IN ARRAY ARRAY['posting', 'list_event', 'list_attachment', 'confirmation', 'payment_batch', 'batch_file', 'batch_download', 'receipt_file',
    'choice', 'recovery_receipt'] LOOP
    EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION refuse(%L)',
      name || '_append_only', name, 'the table is append-only');
  END LOOP;
  FOREACH name IN ARRAY ARRAY['payee_account', 'budget_line', 'entitlement', 'list_step', 'disbursement_list', 'list_entry', 'seat', 'entry_seat', 'cap_use',
    'entry_cap', 'list_event', 'list_attachment', 'confirmation', 'objection', 'payment_batch', 'payment', 'batch_file', 'batch_download', 'posting',
    'receipt_file', 'receipt_line', 'finding', 'earlier_file', 'earlier_grant', 'whole_ledger', 'choice', 'recovery', 'recovery_receipt'] LOOP
    EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse(%L)',
      name || '_truncate', name, 'its rows are never deleted');
  END LOOP;
END $$;
-- +goose StatementEnd
CREATE TRIGGER entitlement_delete BEFORE DELETE ON entitlement FOR EACH ROW EXECUTE FUNCTION refuse('a right is never deleted');
CREATE TRIGGER list_step_fixed BEFORE INSERT OR UPDATE OR DELETE ON list_step FOR EACH ROW EXECUTE FUNCTION refuse('the steps are fixed');
