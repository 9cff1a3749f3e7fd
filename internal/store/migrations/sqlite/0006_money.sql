-- From decision to money. Twin of postgres/0006_money.sql: same names, same meanings, same promises.
--
-- What may never happen is refused here: a right paid twice, a line overdrawn, a cap passed, two items of one exclusive group, a
-- stage skipped, two stages done by one person, an approval of other content than was shown. Counters (reserved, posted, used)
-- are kept by triggers out of rows that are append-only, and CHECKs hold them.

-- +goose Up

-- A payee account of an enterprise. The number is sealed (P1); masked is for people, print tells whether two numbers are the same.
CREATE TABLE payee_account (
  id           TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
  enterprise   TEXT NOT NULL REFERENCES enterprise (uscc),
  holder       TEXT NOT NULL CHECK (holder <> ''),
  bank         TEXT NOT NULL CHECK (length(bank) = 12 AND bank NOT GLOB '*[^0-9]*'),
  sealed       BLOB NOT NULL CHECK (length(sealed) > 0),
  masked       TEXT NOT NULL CHECK (masked <> ''),
  print        TEXT NOT NULL CHECK (length(print) = 64),
  source       TEXT NOT NULL CHECK (source <> ''),
  recorded_by  TEXT NOT NULL REFERENCES person (id),
  recorded_at  TEXT NOT NULL CHECK (recorded_at LIKE '____-__-__T__:__:__.______Z'),
  verified_how TEXT,
  verified_by  TEXT REFERENCES person (id),
  verified_at  TEXT CHECK (verified_at LIKE '____-__-__T__:__:__.______Z'),
  usable_from  TEXT CHECK (usable_from LIKE '____-__-__T__:__:__.______Z'),
  retired_at   TEXT CHECK (retired_at LIKE '____-__-__T__:__:__.______Z'),
  CHECK (verified_by <> recorded_by),
  CHECK ((verified_by IS NULL) = (verified_at IS NULL) AND (verified_by IS NULL) = (verified_how IS NULL) AND (verified_by IS NULL) = (usable_from IS NULL)),
  CHECK (usable_from >= verified_at),
  UNIQUE (id, enterprise)
) STRICT;
CREATE INDEX payee_account_latest ON payee_account (recorded_at DESC, id);
CREATE UNIQUE INDEX payee_account_live ON payee_account (enterprise) WHERE verified_at IS NOT NULL AND retired_at IS NULL;

-- A line of the budget. The three sums are kept by postings; total is what was allotted.
CREATE TABLE budget_line (
  id           TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
  name         TEXT NOT NULL CHECK (name <> ''),
  year         INTEGER NOT NULL CHECK (year BETWEEN 2000 AND 2999),
  department   TEXT NOT NULL CHECK (department <> ''),
  item         TEXT NOT NULL DEFAULT '',
  unit         TEXT NOT NULL CHECK (length(unit) BETWEEN 3 AND 21),
  project      TEXT NOT NULL CHECK (length(project) BETWEEN 1 AND 21),
  function     TEXT NOT NULL CHECK (length(function) = 7 AND function NOT GLOB '*[^0-9]*'),
  economic     TEXT NOT NULL CHECK (length(economic) = 5 AND economic NOT GLOB '*[^0-9]*'),
  carried_from TEXT REFERENCES budget_line (id),
  opened_by    TEXT NOT NULL REFERENCES person (id),
  opened_at    TEXT NOT NULL CHECK (opened_at LIKE '____-__-__T__:__:__.______Z'),
  approved_by  TEXT REFERENCES person (id),
  approved_at  TEXT CHECK (approved_at LIKE '____-__-__T__:__:__.______Z'),
  total_fen    INTEGER NOT NULL DEFAULT 0 CHECK (total_fen >= 0),
  reserved_fen INTEGER NOT NULL DEFAULT 0 CHECK (reserved_fen >= 0),
  posted_fen   INTEGER NOT NULL DEFAULT 0 CHECK (posted_fen >= 0),
  CHECK (reserved_fen + posted_fen <= total_fen),
  CHECK (approved_by <> opened_by),
  CHECK ((approved_by IS NULL) = (approved_at IS NULL)),
  CHECK (approved_by IS NOT NULL OR total_fen = 0)
) STRICT, WITHOUT ROWID;

-- What a firm has a right to; id is entitle.ID of (item, enterprise, period, basis). part tells apart what is paid of one right in
-- several pieces: '' the whole, 'i2' an instalment, 'c1' a correction.
CREATE TABLE entitlement (
  id             TEXT NOT NULL CHECK (length(id) = 64 AND id NOT GLOB '*[^0-9a-f]*'),
  part           TEXT NOT NULL CHECK (part = '' OR part GLOB '[ic][1-9]' OR part GLOB '[ic][1-9][0-9]'),
  item           TEXT NOT NULL CHECK (item <> ''),
  enterprise     TEXT NOT NULL REFERENCES enterprise (uscc),
  period         TEXT NOT NULL CHECK (period <> ''),
  basis_kind     TEXT NOT NULL,
  basis          TEXT NOT NULL,
  amount_fen     INTEGER NOT NULL CHECK (amount_fen > 0),
  sweep          INTEGER NOT NULL REFERENCES sweep (id),
  policy_version TEXT NOT NULL REFERENCES policy_version (id),
  decision       TEXT NOT NULL CHECK (decision <> ''),
  made_at        TEXT NOT NULL CHECK (made_at LIKE '____-__-__T__:__:__.______Z'),
  PRIMARY KEY (id, part),
  UNIQUE (enterprise, item, period, basis_kind, basis, part)
) STRICT, WITHOUT ROWID;

-- What a list may do next. Code has the same table, and a test holds both against each other.
CREATE TABLE list_step (
  action     TEXT NOT NULL,
  from_state TEXT NOT NULL,
  to_state   TEXT NOT NULL,
  role       TEXT NOT NULL,
  PRIMARY KEY (action, from_state, role)
) STRICT, WITHOUT ROWID;
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
  id            TEXT NOT NULL PRIMARY KEY CHECK (id <> '' AND length(id) <= 30),
  title         TEXT NOT NULL CHECK (title <> ''),
  department    TEXT NOT NULL CHECK (department <> ''),
  kind          TEXT NOT NULL CHECK (kind IN ('regular', 'supplement')),
  sweep         INTEGER NOT NULL REFERENCES sweep (id),
  state         TEXT NOT NULL DEFAULT '',
  suspended     INTEGER NOT NULL DEFAULT 0 CHECK (suspended IN (0, 1)),
  round         INTEGER NOT NULL DEFAULT 0 CHECK (round >= 0),
  hash          TEXT CHECK (length(hash) = 64 AND hash NOT GLOB '*[^0-9a-f]*'),
  two_approvers INTEGER NOT NULL DEFAULT 0 CHECK (two_approvers IN (0, 1)),
  confirm_until TEXT CHECK (length(confirm_until) = 10 AND date(confirm_until) IS confirm_until),
  notice_until  TEXT CHECK (length(notice_until) = 10 AND date(notice_until) IS notice_until),
  made_at       TEXT NOT NULL CHECK (made_at LIKE '____-__-__T__:__:__.______Z')
) STRICT, WITHOUT ROWID;

-- One payment that a list proposes. amount_fen is what is paid, claimed_fen what the decision came to; reason says why less.
CREATE TABLE list_entry (
  list        TEXT NOT NULL REFERENCES disbursement_list (id),
  n           INTEGER NOT NULL CHECK (n >= 1),
  entitlement TEXT NOT NULL,
  part        TEXT NOT NULL,
  enterprise  TEXT NOT NULL REFERENCES enterprise (uscc),
  item        TEXT NOT NULL,
  name        TEXT NOT NULL CHECK (name <> ''),
  amount_fen  INTEGER NOT NULL CHECK (amount_fen > 0),
  claimed_fen INTEGER NOT NULL CHECK (claimed_fen >= amount_fen),
  reason      TEXT NOT NULL DEFAULT '',
  line        TEXT NOT NULL REFERENCES budget_line (id),
  account     TEXT,
  status      TEXT NOT NULL CHECK (status IN ('in', 'held', 'removed', 'returned')),
  note        TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (list, n),
  UNIQUE (entitlement, part, list),
  FOREIGN KEY (entitlement, part) REFERENCES entitlement (id, part),
  FOREIGN KEY (account, enterprise) REFERENCES payee_account (id, enterprise),
  CHECK (status = 'in' OR note <> ''),
  CHECK (amount_fen = claimed_fen OR reason <> '')
) STRICT, WITHOUT ROWID;
-- M1: a right is on one list at a time, and for ever once it was paid.
CREATE UNIQUE INDEX list_entry_live ON list_entry (entitlement, part) WHERE status IN ('in', 'held');
CREATE INDEX list_entry_enterprise ON list_entry (enterprise);
CREATE INDEX list_entry_sums ON list_entry (list, status, enterprise, item, amount_fen, line); -- what a long list comes to, without reading it

-- A place that one holder can have: the item of an exclusive group for a firm, the item that uses a basis, the firm and period of a
-- once_per basis. It is there while entries refer to it.
CREATE TABLE seat (
  kind   TEXT NOT NULL CHECK (kind IN ('exclusive', 'basis', 'once')),
  key    TEXT NOT NULL CHECK (key <> ''),
  holder TEXT NOT NULL CHECK (holder <> ''),
  PRIMARY KEY (kind, key),
  UNIQUE (kind, key, holder)
) STRICT, WITHOUT ROWID;
CREATE TABLE entry_seat (
  list   TEXT NOT NULL,
  n      INTEGER NOT NULL,
  kind   TEXT NOT NULL,
  key    TEXT NOT NULL,
  holder TEXT NOT NULL,
  PRIMARY KEY (list, n, kind, key),
  FOREIGN KEY (list, n) REFERENCES list_entry (list, n),
  FOREIGN KEY (kind, key, holder) REFERENCES seat (kind, key, holder)
) STRICT, WITHOUT ROWID;
CREATE INDEX entry_seat_key ON entry_seat (kind, key);

-- A cap in one scope, such as one item, firm and year, and what live entries use of it. NULL: no limit of that kind.
CREATE TABLE cap_use (
  key        TEXT NOT NULL PRIMARY KEY CHECK (key <> ''),
  most_fen   INTEGER CHECK (most_fen >= 0),
  most_times INTEGER CHECK (most_times >= 1),
  used_fen   INTEGER NOT NULL DEFAULT 0 CHECK (used_fen >= 0),
  used_times INTEGER NOT NULL DEFAULT 0 CHECK (used_times >= 0),
  CHECK (used_fen <= most_fen),
  CHECK (used_times <= most_times)
) STRICT, WITHOUT ROWID;
CREATE TABLE entry_cap (
  list  TEXT NOT NULL,
  n     INTEGER NOT NULL,
  key   TEXT NOT NULL REFERENCES cap_use (key),
  fen   INTEGER NOT NULL CHECK (fen >= 0),
  times INTEGER NOT NULL CHECK (times IN (0, 1)),
  back_fen   INTEGER NOT NULL DEFAULT 0 CHECK (back_fen BETWEEN 0 AND fen),
  back_times INTEGER NOT NULL DEFAULT 0 CHECK (back_times BETWEEN 0 AND times),
  PRIMARY KEY (list, n, key),
  FOREIGN KEY (list, n) REFERENCES list_entry (list, n)
) STRICT, WITHOUT ROWID;

-- What was done to a list, by whom, as what, on which content. Append-only; inserting it is what moves the list.
CREATE TABLE list_event (
  list       TEXT NOT NULL REFERENCES disbursement_list (id),
  seq        INTEGER NOT NULL CHECK (seq >= 1),
  action     TEXT NOT NULL,
  from_state TEXT NOT NULL,
  to_state   TEXT NOT NULL,
  role       TEXT NOT NULL,
  person     TEXT NOT NULL REFERENCES person (id),
  stands_for TEXT REFERENCES person (id),
  at         TEXT NOT NULL CHECK (at LIKE '____-__-__T__:__:__.______Z'),
  hash       TEXT CHECK (length(hash) = 64),
  note       TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (list, seq),
  FOREIGN KEY (action, from_state, role) REFERENCES list_step (action, from_state, role),
  CHECK (stands_for <> person),
  CHECK (action NOT IN ('reopen', 'return', 'withdraw', 'suspend', 'resume') OR note <> ''),
  CHECK ((action IN ('review', 'confirm', 'notice', 'handle', 'check', 'approve_first', 'approve', 'export', 'send', 'settle')) = (hash IS NOT NULL))
) STRICT, WITHOUT ROWID;

-- A paper that belongs to a stage: 会议纪要, 请款函, 公示结果.
CREATE TABLE list_attachment (
  list     TEXT NOT NULL REFERENCES disbursement_list (id),
  n        INTEGER NOT NULL CHECK (n >= 1),
  state    TEXT NOT NULL,
  kind     TEXT NOT NULL CHECK (kind <> ''),
  name     TEXT NOT NULL CHECK (name <> ''),
  sha256   TEXT NOT NULL CHECK (length(sha256) = 64),
  body     BLOB NOT NULL CHECK (length(body) BETWEEN 1 AND 10485760),
  added_by TEXT NOT NULL REFERENCES person (id),
  added_at TEXT NOT NULL CHECK (added_at LIKE '____-__-__T__:__:__.______Z'),
  PRIMARY KEY (list, n)
) STRICT;

-- What a firm said when asked to confirm its entry. Silence has no row until the window is over.
CREATE TABLE confirmation (
  list   TEXT NOT NULL,
  n      INTEGER NOT NULL,
  round  INTEGER NOT NULL,
  answer TEXT NOT NULL CHECK (answer IN ('yes', 'no', 'silent')),
  person TEXT NOT NULL REFERENCES person (id),
  at     TEXT NOT NULL CHECK (at LIKE '____-__-__T__:__:__.______Z'),
  note   TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (list, n, round),
  FOREIGN KEY (list, n) REFERENCES list_entry (list, n)
) STRICT;

-- An objection during public notice; it holds exactly its entry until it is answered.
CREATE TABLE objection (
  id          TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
  list        TEXT NOT NULL,
  n           INTEGER NOT NULL,
  raised_by   TEXT NOT NULL CHECK (raised_by <> ''),
  text        TEXT NOT NULL CHECK (text <> '' AND length(text) <= 4000),
  recorded_by TEXT NOT NULL REFERENCES person (id),
  raised_at   TEXT NOT NULL CHECK (raised_at LIKE '____-__-__T__:__:__.______Z'),
  outcome     TEXT CHECK (outcome IN ('upheld', 'rejected')),
  answer      TEXT CHECK (answer <> ''),
  answered_by TEXT REFERENCES person (id),
  answered_at TEXT CHECK (answered_at LIKE '____-__-__T__:__:__.______Z'),
  FOREIGN KEY (list, n) REFERENCES list_entry (list, n),
  CHECK ((outcome IS NULL) = (answer IS NULL) AND (outcome IS NULL) = (answered_by IS NULL) AND (outcome IS NULL) = (answered_at IS NULL)),
  CHECK (answered_by <> recorded_by)
) STRICT;
CREATE INDEX objection_entry ON objection (list, n);

-- One attempt to pay an entry. At most one attempt of an entry is alive or has succeeded.
CREATE TABLE payment (
  id         TEXT NOT NULL PRIMARY KEY CHECK (id <> '' AND length(id) <= 35),
  list       TEXT NOT NULL,
  n          INTEGER NOT NULL,
  attempt    INTEGER NOT NULL CHECK (attempt >= 1),
  batch      TEXT NOT NULL REFERENCES payment_batch (id) DEFERRABLE INITIALLY DEFERRED,
  account    TEXT NOT NULL REFERENCES payee_account (id),
  line       TEXT NOT NULL REFERENCES budget_line (id),
  amount_fen INTEGER NOT NULL CHECK (amount_fen > 0),
  state      TEXT NOT NULL CHECK (state IN ('ready', 'sent', 'unknown', 'paid', 'failed', 'returned', 'cancelled')),
  moved_at   TEXT NOT NULL CHECK (moved_at LIKE '____-__-__T__:__:__.______Z'),
  moved_by   TEXT NOT NULL REFERENCES person (id),
  reason     TEXT NOT NULL DEFAULT '',
  UNIQUE (list, n, attempt),
  FOREIGN KEY (list, n) REFERENCES list_entry (list, n)
) STRICT;
CREATE UNIQUE INDEX payment_live ON payment (list, n) WHERE state IN ('ready', 'sent', 'unknown', 'paid');
CREATE INDEX payment_batch_id ON payment (batch);

-- An order to pay, with the control totals that were approved (M8).
CREATE TABLE payment_batch (
  id        TEXT NOT NULL PRIMARY KEY CHECK (id <> '' AND length(id) <= 35),
  list      TEXT NOT NULL REFERENCES disbursement_list (id),
  round     INTEGER NOT NULL,
  list_hash TEXT NOT NULL CHECK (length(list_hash) = 64),
  made_on   TEXT NOT NULL CHECK (length(made_on) = 10 AND date(made_on) IS made_on),
  lines     INTEGER NOT NULL CHECK (lines > 0),
  sum_fen   INTEGER NOT NULL CHECK (sum_fen > 0),
  made_by   TEXT NOT NULL REFERENCES person (id),
  made_at   TEXT NOT NULL CHECK (made_at LIKE '____-__-__T__:__:__.______Z'),
  answer_by TEXT CHECK (length(answer_by) = 10 AND date(answer_by) IS answer_by),
  UNIQUE (list, round)
) STRICT;

-- Each file made of a batch: made again it must have the same hash. And each time somebody took it away.
CREATE TABLE batch_file (
  batch  TEXT NOT NULL REFERENCES payment_batch (id),
  format TEXT NOT NULL CHECK (format <> ''),
  sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
  bytes  INTEGER NOT NULL CHECK (bytes > 0),
  PRIMARY KEY (batch, format)
) STRICT, WITHOUT ROWID;
CREATE TABLE batch_download (
  seq    INTEGER PRIMARY KEY,
  batch  TEXT NOT NULL,
  format TEXT NOT NULL,
  person TEXT NOT NULL REFERENCES person (id),
  at     TEXT NOT NULL CHECK (at LIKE '____-__-__T__:__:__.______Z'),
  FOREIGN KEY (batch, format) REFERENCES batch_file (batch, format)
) STRICT;

-- A movement of money between two accounts of a budget line: what is debited is credited, so that entries sum to zero (M3).
CREATE TABLE posting (
  seq     INTEGER PRIMARY KEY,
  at      TEXT NOT NULL CHECK (at LIKE '____-__-__T__:__:__.______Z'),
  kind    TEXT NOT NULL,
  line    TEXT NOT NULL REFERENCES budget_line (id),
  debit   TEXT NOT NULL,
  credit  TEXT NOT NULL,
  fen     INTEGER NOT NULL CHECK (fen > 0),
  list    TEXT,
  n       INTEGER,
  round   INTEGER,
  payment TEXT REFERENCES payment (id),
  ref     TEXT NOT NULL DEFAULT '',
  person  TEXT NOT NULL REFERENCES person (id),
  FOREIGN KEY (list, n) REFERENCES list_entry (list, n),
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
    ELSE 0 END),
  CHECK ((kind IN ('reserve', 'void')) = (list IS NOT NULL) AND (list IS NULL) = (n IS NULL) AND (list IS NULL) = (round IS NULL)),
  CHECK ((kind IN ('move_out', 'move_in', 'post', 'return')) = (payment IS NOT NULL)),
  CHECK (kind NOT IN ('allot', 'carry', 'recover') OR ref <> '')
) STRICT;
CREATE UNIQUE INDEX posting_entry ON posting (list, n, round, kind) WHERE list IS NOT NULL;
CREATE UNIQUE INDEX posting_payment ON posting (payment, kind) WHERE payment IS NOT NULL;
CREATE UNIQUE INDEX posting_ref ON posting (kind, ref) WHERE ref <> '';
CREATE INDEX posting_line ON posting (line);

-- A file of receipts as it came, sealed since it holds accounts; the same bytes come in once. A statement is what a person says that
-- the bank said of one payment.
CREATE TABLE receipt_file (
  sha256      TEXT NOT NULL PRIMARY KEY CHECK (length(sha256) = 64),
  name        TEXT NOT NULL CHECK (name <> ''),
  format      TEXT NOT NULL CHECK (format IN ('pain.002', 'csv', 'xlsx', 'statement')),
  sealed      BLOB NOT NULL,
  lines       INTEGER NOT NULL CHECK (lines >= 0),
  received_at TEXT NOT NULL CHECK (received_at LIKE '____-__-__T__:__:__.______Z'),
  received_by TEXT NOT NULL REFERENCES person (id),
  received_for TEXT REFERENCES person (id) CHECK (received_for <> received_by)
) STRICT;

-- One line of it. Equal lines count once, whichever file they came in. class is what it comes to beside all other lines of its
-- batch, so that it may change with the next file: applied, underway, or 待查 with the reason; that waits for a person, whose
-- word is the last.
CREATE TABLE receipt_line (
  id          TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 64),
  file        TEXT NOT NULL REFERENCES receipt_file (sha256),
  batch       TEXT NOT NULL,
  payment     TEXT NOT NULL,
  print       TEXT NOT NULL CHECK (length(print) = 64),
  amount_fen  INTEGER NOT NULL CHECK (amount_fen >= 0),
  result      TEXT NOT NULL CHECK (result IN ('underway', 'success', 'failed', 'returned')),
  reason      TEXT NOT NULL,
  bank_at     TEXT CHECK (bank_at LIKE '____-__-__T__:__:__.______Z'),
  class       TEXT NOT NULL CHECK (class <> ''),
  resolved_by TEXT REFERENCES person (id),
  resolved_for TEXT REFERENCES person (id) CHECK (resolved_for <> resolved_by),
  resolved_at TEXT CHECK (resolved_at LIKE '____-__-__T__:__:__.______Z'),
  resolution  TEXT CHECK (resolution <> ''),
  CHECK ((resolved_by IS NULL) = (resolved_at IS NULL) AND (resolved_by IS NULL) = (resolution IS NULL)
    AND (resolved_for IS NULL OR resolved_by IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX receipt_line_payment ON receipt_line (payment);
CREATE INDEX receipt_line_batch ON receipt_line (batch);

-- What D1 found out about a condition that no data decide, or about a sum; it counts once another person has confirmed it.
CREATE TABLE finding (
  id           TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
  item         TEXT NOT NULL CHECK (item <> ''),
  enterprise   TEXT NOT NULL REFERENCES enterprise (uscc),
  condition    TEXT NOT NULL CHECK (condition <> ''),
  result       INTEGER CHECK (result IN (0, 1)),
  amount_fen   INTEGER CHECK (amount_fen >= 0),
  on_day       TEXT NOT NULL CHECK (length(on_day) = 10 AND date(on_day) IS on_day),
  evidence     TEXT NOT NULL CHECK (evidence <> ''),
  recorded_by  TEXT NOT NULL REFERENCES person (id),
  recorded_at  TEXT NOT NULL CHECK (recorded_at LIKE '____-__-__T__:__:__.______Z'),
  answer       TEXT CHECK (answer IN ('confirmed', 'rejected')),
  answered_by  TEXT REFERENCES person (id),
  answered_at  TEXT CHECK (answered_at LIKE '____-__-__T__:__:__.______Z'),
  CHECK ((result IS NULL) <> (amount_fen IS NULL)),
  CHECK (answered_by <> recorded_by),
  CHECK ((answer IS NULL) = (answered_by IS NULL) AND (answer IS NULL) = (answered_at IS NULL))
) STRICT;
CREATE INDEX finding_enterprise ON finding (enterprise, item);
CREATE INDEX finding_latest ON finding (recorded_at DESC, id);

-- What was granted before this ledger, or elsewhere: a file of it, brought in by one person and confirmed by another, and its rows. An
-- amount below zero was given back. live is 0 once the file was rejected.
CREATE TABLE earlier_file (
  id          TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
  department  TEXT NOT NULL CHECK (department <> ''),
  name        TEXT NOT NULL CHECK (name <> ''),
  sha256      TEXT NOT NULL CHECK (length(sha256) = 64),
  source      TEXT NOT NULL CHECK (source <> ''),
  grants      INTEGER NOT NULL CHECK (grants > 0),
  sum_fen     INTEGER NOT NULL,
  recorded_by TEXT NOT NULL REFERENCES person (id),
  recorded_at TEXT NOT NULL CHECK (recorded_at LIKE '____-__-__T__:__:__.______Z'),
  answer      TEXT CHECK (answer IN ('confirmed', 'rejected')),
  answered_by TEXT REFERENCES person (id),
  answered_at TEXT CHECK (answered_at LIKE '____-__-__T__:__:__.______Z'),
  CHECK (answered_by <> recorded_by),
  CHECK ((answer IS NULL) = (answered_by IS NULL) AND (answer IS NULL) = (answered_at IS NULL))
) STRICT;
CREATE TABLE earlier_grant (
  file       TEXT NOT NULL REFERENCES earlier_file (id),
  line       INTEGER NOT NULL CHECK (line >= 1),
  item       TEXT NOT NULL CHECK (item <> ''),
  enterprise TEXT NOT NULL REFERENCES enterprise (uscc),
  period     TEXT NOT NULL CHECK (period <> ''),
  basis      TEXT NOT NULL,
  amount_fen INTEGER NOT NULL CHECK (amount_fen <> 0),
  on_day     TEXT NOT NULL CHECK (length(on_day) = 10 AND date(on_day) IS on_day),
  live       INTEGER NOT NULL DEFAULT 1 CHECK (live IN (0, 1)),
  PRIMARY KEY (file, line)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX earlier_grant_live ON earlier_grant (item, enterprise, period, basis, on_day, amount_fen > 0) WHERE live = 1;
CREATE INDEX earlier_grant_enterprise ON earlier_grant (enterprise);

-- That the ledger has everything that was granted of an item, from a day on (NULL: from the beginning), with what was brought in. One
-- person says it, another confirms it, and it holds until somebody ends it.
CREATE TABLE whole_ledger (
  id          TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
  department  TEXT NOT NULL CHECK (department <> ''),
  item        TEXT NOT NULL CHECK (item <> ''),
  since       TEXT CHECK (length(since) = 10 AND date(since) IS since),
  evidence    TEXT NOT NULL CHECK (evidence <> ''),
  recorded_by TEXT NOT NULL REFERENCES person (id),
  recorded_at TEXT NOT NULL CHECK (recorded_at LIKE '____-__-__T__:__:__.______Z'),
  answer      TEXT CHECK (answer IN ('confirmed', 'rejected')),
  answered_by TEXT REFERENCES person (id),
  answered_at TEXT CHECK (answered_at LIKE '____-__-__T__:__:__.______Z'),
  ended_by    TEXT REFERENCES person (id),
  ended_at    TEXT CHECK (ended_at LIKE '____-__-__T__:__:__.______Z'),
  end_reason  TEXT CHECK (end_reason <> ''),
  CHECK (answered_by <> recorded_by),
  CHECK ((answer IS NULL) = (answered_by IS NULL) AND (answer IS NULL) = (answered_at IS NULL)),
  CHECK ((ended_by IS NULL) = (ended_at IS NULL) AND (ended_by IS NULL) = (end_reason IS NULL)),
  CHECK (ended_at IS NULL OR (answer = 'confirmed' AND ended_at >= answered_at))
) STRICT;
CREATE INDEX whole_ledger_item ON whole_ledger (item);

-- Which item of a group of rule choice a firm has chosen; the last one counts.
CREATE TABLE choice (
  seq        INTEGER PRIMARY KEY,
  grp        TEXT NOT NULL CHECK (grp <> ''),
  enterprise TEXT NOT NULL REFERENCES enterprise (uscc),
  item       TEXT NOT NULL CHECK (item <> ''),
  person     TEXT NOT NULL REFERENCES person (id),
  at         TEXT NOT NULL CHECK (at LIKE '____-__-__T__:__:__.______Z')
) STRICT;

-- Money that a firm has to give back, and what came of it.
CREATE TABLE recovery (
  id           TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
  payment      TEXT NOT NULL REFERENCES payment (id),
  enterprise   TEXT NOT NULL REFERENCES enterprise (uscc),
  amount_fen   INTEGER NOT NULL CHECK (amount_fen > 0),
  received_fen INTEGER NOT NULL DEFAULT 0 CHECK (received_fen >= 0),
  reason       TEXT NOT NULL CHECK (reason <> ''),
  proposed_by  TEXT NOT NULL REFERENCES person (id),
  proposed_at  TEXT NOT NULL CHECK (proposed_at LIKE '____-__-__T__:__:__.______Z'),
  approved_by  TEXT REFERENCES person (id),
  approved_at  TEXT CHECK (approved_at LIKE '____-__-__T__:__:__.______Z'),
  CHECK (received_fen <= amount_fen),
  CHECK (approved_by <> proposed_by),
  CHECK ((approved_by IS NULL) = (approved_at IS NULL)),
  CHECK (approved_by IS NOT NULL OR received_fen = 0)
) STRICT;
CREATE INDEX recovery_payment ON recovery (payment);
CREATE INDEX recovery_latest ON recovery (proposed_at DESC, id);
CREATE TABLE recovery_receipt (
  recovery TEXT NOT NULL REFERENCES recovery (id),
  ref      TEXT NOT NULL UNIQUE CHECK (ref <> ''),
  fen      INTEGER NOT NULL CHECK (fen > 0),
  at       TEXT NOT NULL CHECK (at LIKE '____-__-__T__:__:__.______Z'),
  person   TEXT NOT NULL REFERENCES person (id),
  PRIMARY KEY (recovery, ref)
) STRICT;
-- The line that a payment is paid out of: its own, or the one that its reservation was moved to, where the bank carried it out in the year
-- after.
CREATE VIEW payment_line AS SELECT p.id AS payment, coalesce(o.line, p.line) AS line
  FROM payment p LEFT JOIN posting o ON o.payment = p.id AND o.kind = 'move_in';
-- What has come back from the firm of an entry that was paid. As much of its caps is free again, and once all of it is back the time that
-- it counted and its places in groups of exclusion too. What it was paid for (basis, once) stays used, and the right stays settled.
CREATE VIEW entry_back AS SELECT p.list, p.n, p.amount_fen, sum(r.received_fen) AS fen
  FROM recovery r JOIN payment p ON p.id = r.payment WHERE p.state = 'paid' GROUP BY p.list, p.n, p.amount_fen;

-- +goose StatementBegin
CREATE TRIGGER payee_account_moves BEFORE UPDATE ON payee_account
WHEN (NEW.id, NEW.enterprise, NEW.holder, NEW.bank, NEW.sealed, NEW.masked, NEW.print, NEW.source, NEW.recorded_by, NEW.recorded_at)
    IS NOT (OLD.id, OLD.enterprise, OLD.holder, OLD.bank, OLD.sealed, OLD.masked, OLD.print, OLD.source, OLD.recorded_by, OLD.recorded_at)
  OR OLD.retired_at IS NOT NULL
  OR (OLD.verified_at IS NOT NULL AND (NEW.verified_by, NEW.verified_at, NEW.usable_from) IS NOT (OLD.verified_by, OLD.verified_at, OLD.usable_from))
BEGIN SELECT RAISE(ABORT, 'a payee account is verified once and retired once; another number is another account'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER payee_account_begins BEFORE INSERT ON payee_account WHEN NEW.verified_at IS NOT NULL OR NEW.retired_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a payee account begins unverified'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER payee_account_delete BEFORE DELETE ON payee_account BEGIN SELECT RAISE(ABORT, 'a payee account is retired, never deleted'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER budget_line_begins BEFORE INSERT ON budget_line
WHEN NEW.total_fen <> 0 OR NEW.reserved_fen <> 0 OR NEW.posted_fen <> 0 OR NEW.approved_by IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a budget line begins empty and unapproved'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER budget_line_moves BEFORE UPDATE OF id, name, year, department, item, unit, project, function, economic, carried_from, opened_by, approved_by ON budget_line
WHEN (NEW.id, NEW.name, NEW.year, NEW.department, NEW.item, NEW.unit, NEW.project, NEW.function, NEW.economic, NEW.carried_from, NEW.opened_by)
    IS NOT (OLD.id, OLD.name, OLD.year, OLD.department, OLD.item, OLD.unit, OLD.project, OLD.function, OLD.economic, OLD.carried_from, OLD.opened_by)
  OR (OLD.approved_by IS NOT NULL AND NEW.approved_by IS NOT OLD.approved_by)
BEGIN SELECT RAISE(ABORT, 'a budget line keeps what it is for and who approved it'); END;
-- +goose StatementEnd
-- The sums are moved by postings alone: by what the last one says.
-- +goose StatementBegin
CREATE TRIGGER budget_line_counts BEFORE UPDATE ON budget_line
WHEN (NEW.total_fen, NEW.reserved_fen, NEW.posted_fen) IS NOT (OLD.total_fen, OLD.reserved_fen, OLD.posted_fen) AND NOT EXISTS (
  SELECT 1 FROM posting o WHERE o.seq = (SELECT max(seq) FROM posting) AND o.line = NEW.id
    AND NEW.total_fen - OLD.total_fen = o.fen * ((o.debit = 'appropriation') - (o.credit = 'appropriation'))
    AND NEW.reserved_fen - OLD.reserved_fen = o.fen * ((o.credit = 'reserved') - (o.debit = 'reserved'))
    AND NEW.posted_fen - OLD.posted_fen = o.fen * ((o.credit = 'paid') - (o.debit = 'paid')))
BEGIN SELECT RAISE(ABORT, 'the sums of a budget line follow its postings'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER budget_line_delete BEFORE DELETE ON budget_line BEGIN SELECT RAISE(ABORT, 'a budget line is never deleted'); END;
-- +goose StatementEnd
-- The sums follow the postings. Money moves within the line's own year only (M6), recoveries and returns excepted. A payment is posted
-- when it is paid and given back when it has come back; what is reserved is voided when nothing of it is underway or was paid. What the
-- bank carried out in the next year is moved before it is posted, from its line to an approved one that is carried over from that line.
-- +goose StatementBegin
CREATE TRIGGER posting_year BEFORE INSERT ON posting
WHEN NEW.kind IN ('allot', 'reserve', 'move_in', 'post') AND (SELECT year FROM budget_line WHERE id = NEW.line) <> CAST(strftime('%Y', NEW.at, '+8 hours') AS INTEGER)
BEGIN SELECT RAISE(ABORT, 'the budget line is of another fiscal year'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER posting_fits BEFORE INSERT ON posting
WHEN (NEW.payment IS NOT NULL AND NOT EXISTS (SELECT 1 FROM payment p WHERE p.id = NEW.payment AND p.amount_fen = NEW.fen
    AND p.state = CASE NEW.kind WHEN 'return' THEN 'returned' ELSE 'paid' END
    AND CASE NEW.kind
      WHEN 'move_out' THEN p.line = NEW.line
      WHEN 'move_in' THEN EXISTS (SELECT 1 FROM budget_line b WHERE b.id = NEW.line AND b.carried_from = p.line AND b.approved_by IS NOT NULL)
      ELSE (p.line = NEW.line AND NOT EXISTS (SELECT 1 FROM posting o WHERE o.payment = NEW.payment AND o.kind = 'move_out'))
        OR EXISTS (SELECT 1 FROM posting o WHERE o.payment = NEW.payment AND o.kind = 'move_in' AND o.line = NEW.line) END))
  OR (NEW.kind IN ('move_out', 'move_in') AND EXISTS (SELECT 1 FROM posting o WHERE o.payment = NEW.payment AND o.kind = 'post'))
  OR (NEW.kind = 'move_in' AND NOT EXISTS (SELECT 1 FROM posting o WHERE o.payment = NEW.payment AND o.kind = 'move_out'))
  OR (NEW.list IS NOT NULL AND NOT EXISTS (SELECT 1 FROM list_entry e WHERE e.list = NEW.list AND e.n = NEW.n AND e.line = NEW.line AND e.amount_fen = NEW.fen))
  OR (NEW.kind = 'return' AND NOT EXISTS (SELECT 1 FROM posting o WHERE o.payment = NEW.payment AND o.kind = 'post'))
  OR (NEW.kind = 'void' AND NOT EXISTS (SELECT 1 FROM posting o WHERE o.list = NEW.list AND o.n = NEW.n AND o.round = NEW.round AND o.kind = 'reserve'))
  OR (NEW.kind = 'void' AND EXISTS (SELECT 1 FROM payment p LEFT JOIN payment_batch b ON b.id = p.batch WHERE p.list = NEW.list AND p.n = NEW.n
    AND (p.state IN ('ready', 'sent', 'unknown', 'paid') OR (p.state = 'returned' AND b.round = NEW.round))))
  OR (NEW.kind = 'recover' AND NOT EXISTS (
    SELECT 1 FROM recovery_receipt q JOIN recovery r ON r.id = q.recovery JOIN payment_line p ON p.payment = r.payment
    WHERE q.ref = NEW.ref AND q.fen = NEW.fen AND p.line = NEW.line))
BEGIN SELECT RAISE(ABORT, 'the posting does not fit what it is for'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER posting_counts AFTER INSERT ON posting
BEGIN
  UPDATE budget_line SET
    total_fen = total_fen + NEW.fen * ((NEW.debit = 'appropriation') - (NEW.credit = 'appropriation')),
    reserved_fen = reserved_fen + NEW.fen * ((NEW.credit = 'reserved') - (NEW.debit = 'reserved')),
    posted_fen = posted_fen + NEW.fen * ((NEW.credit = 'paid') - (NEW.debit = 'paid'))
  WHERE id = NEW.line;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER posting_update BEFORE UPDATE ON posting BEGIN SELECT RAISE(ABORT, 'posting is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER posting_delete BEFORE DELETE ON posting BEGIN SELECT RAISE(ABORT, 'posting is append-only'); END;
-- +goose StatementEnd
-- A right is decided anew by a later sweep as long as no list has it.
-- +goose StatementBegin
CREATE TRIGGER entitlement_update BEFORE UPDATE ON entitlement
WHEN (NEW.id, NEW.part, NEW.item, NEW.enterprise, NEW.period, NEW.basis_kind, NEW.basis)
    IS NOT (OLD.id, OLD.part, OLD.item, OLD.enterprise, OLD.period, OLD.basis_kind, OLD.basis)
  OR EXISTS (SELECT 1 FROM list_entry e WHERE e.entitlement = OLD.id AND e.part = OLD.part AND e.status IN ('in', 'held'))
BEGIN SELECT RAISE(ABORT, 'a right keeps what it is, and its decision while an entry lives on it'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER entitlement_delete BEFORE DELETE ON entitlement BEGIN SELECT RAISE(ABORT, 'entitlement is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER list_begins BEFORE INSERT ON disbursement_list
WHEN NEW.state <> '' OR NEW.suspended <> 0 OR NEW.round <> 0 OR NEW.hash IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a list begins with its first event'); END;
-- +goose StatementEnd
-- The number of approvers is settled in the draft; a notice that is out may be made longer, not shorter.
-- +goose StatementBegin
CREATE TRIGGER list_stays BEFORE UPDATE ON disbursement_list
WHEN (NEW.two_approvers <> OLD.two_approvers AND OLD.state NOT IN ('', 'draft'))
  OR (OLD.state NOT IN ('', 'draft', 'reviewed', 'confirmed') AND (NEW.notice_until IS NULL OR NEW.notice_until < OLD.notice_until))
BEGIN SELECT RAISE(ABORT, 'a list keeps who has to approve it and how long its notice is'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER list_moves BEFORE UPDATE ON disbursement_list
WHEN (NEW.id, NEW.department, NEW.kind, NEW.sweep, NEW.made_at) IS NOT (OLD.id, OLD.department, OLD.kind, OLD.sweep, OLD.made_at)
  OR ((NEW.state, NEW.suspended, NEW.round) IS NOT (OLD.state, OLD.suspended, OLD.round) AND NOT EXISTS (
    SELECT 1 FROM list_event e WHERE e.list = NEW.id AND e.seq = (SELECT max(seq) FROM list_event WHERE list = NEW.id)
      AND e.from_state = OLD.state AND e.to_state = NEW.state
      AND NEW.suspended = CASE e.action WHEN 'suspend' THEN 1 WHEN 'resume' THEN 0 WHEN 'withdraw' THEN 0 ELSE OLD.suspended END
      AND NEW.round = OLD.round + (e.action = 'notice')))
BEGIN SELECT RAISE(ABORT, 'a list moves by its events alone'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER list_delete BEFORE DELETE ON disbursement_list BEGIN SELECT RAISE(ABORT, 'a list is never deleted'); END;
-- +goose StatementEnd
-- A step: from where the list is, in order, in a role that the person has, on the content that the list has, which from handling
-- to export is one and the same. Who changes an entry after handling reopens the list.
-- +goose StatementBegin
CREATE TRIGGER list_event_fits BEFORE INSERT ON list_event
WHEN NOT EXISTS (
  SELECT 1 FROM disbursement_list l JOIN list_step s ON s.action = NEW.action AND s.from_state = NEW.from_state AND s.role = NEW.role
  WHERE l.id = NEW.list AND l.state = NEW.from_state AND s.to_state = NEW.to_state
    AND NEW.seq = (SELECT coalesce(max(seq), 0) + 1 FROM list_event WHERE list = NEW.list)
    AND l.suspended = (NEW.action = 'resume' OR (NEW.action = 'withdraw' AND l.suspended))
    AND (NEW.hash IS NULL OR NEW.hash = l.hash)
    AND (NEW.action <> 'notice' OR l.notice_until >= date(NEW.at, '+8 hours'))
    AND (NEW.action <> 'handle' OR l.notice_until < date(NEW.at, '+8 hours'))
    AND (NEW.action NOT IN ('check', 'approve_first', 'approve', 'export')
      OR NEW.hash = (SELECT v.hash FROM list_event v WHERE v.list = NEW.list AND v.action = 'handle' ORDER BY v.seq DESC LIMIT 1))
    AND (NEW.action <> 'approve_first' OR l.two_approvers = 1)
    AND (NEW.action <> 'approve' OR l.two_approvers = (NEW.from_state = 'approving')))
BEGIN SELECT RAISE(ABORT, 'the list can not take this step now'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER list_event_role BEFORE INSERT ON list_event
WHEN NOT EXISTS (SELECT 1 FROM live_role r JOIN disbursement_list l ON l.id = NEW.list
  WHERE r.person = NEW.person AND r.role = NEW.role AND (NEW.role NOT IN ('D1', 'D2') OR r.scope = l.department))
BEGIN SELECT RAISE(ABORT, 'the person does not have this role here'); END;
-- +goose StatementEnd
-- A1: whoever made, reviewed, handled, checked or approved a list does none of the others on it, ever.
-- +goose StatementBegin
CREATE TRIGGER list_event_persons BEFORE INSERT ON list_event
WHEN NEW.action IN ('draft', 'edit', 'review', 'handle', 'check', 'approve_first', 'approve') AND EXISTS (
  SELECT 1 FROM list_event e WHERE e.list = NEW.list AND e.person = NEW.person
    AND e.action IN ('draft', 'edit', 'review', 'handle', 'check', 'approve_first', 'approve')
    AND replace(e.action, 'edit', 'draft') <> replace(NEW.action, 'edit', 'draft'))
BEGIN SELECT RAISE(ABORT, 'another stage of this list was done by the same person'); END;
-- +goose StatementEnd
-- A list is exported when each entry that is in has its payment of this round, settled when the bank has answered for each payment,
-- and called back while none has left (M8, A6).
-- +goose StatementBegin
CREATE TRIGGER list_event_exports BEFORE INSERT ON list_event
WHEN NEW.action = 'export' AND EXISTS (
  SELECT 1 FROM list_entry e WHERE e.list = NEW.list AND e.status = 'in' AND NOT EXISTS (
    SELECT 1 FROM payment p JOIN payment_batch b ON b.id = p.batch JOIN disbursement_list l ON l.id = b.list
    WHERE p.list = e.list AND p.n = e.n AND p.state = 'ready' AND p.amount_fen = e.amount_fen
      AND b.list = e.list AND b.round = l.round AND b.list_hash = NEW.hash))
BEGIN SELECT RAISE(ABORT, 'entries of the list have no payment'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER list_event_settled BEFORE INSERT ON list_event
WHEN NEW.action = 'settle' AND EXISTS (SELECT 1 FROM payment p WHERE p.list = NEW.list AND p.state IN ('ready', 'sent', 'unknown'))
BEGIN SELECT RAISE(ABORT, 'payments of the list are open'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER list_event_back BEFORE INSERT ON list_event
WHEN NEW.action IN ('return', 'withdraw') AND EXISTS (SELECT 1 FROM payment p WHERE p.list = NEW.list AND p.state IN ('sent', 'unknown', 'paid'))
BEGIN SELECT RAISE(ABORT, 'payments of the list have left'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER list_event_moves AFTER INSERT ON list_event
BEGIN
  UPDATE disbursement_list SET state = NEW.to_state,
    suspended = CASE NEW.action WHEN 'suspend' THEN 1 WHEN 'resume' THEN 0 WHEN 'withdraw' THEN 0 ELSE suspended END,
    round = round + (NEW.action = 'notice')
  WHERE id = NEW.list;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER list_event_update BEFORE UPDATE ON list_event BEGIN SELECT RAISE(ABORT, 'list_event is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER list_event_delete BEFORE DELETE ON list_event BEGIN SELECT RAISE(ABORT, 'list_event is append-only'); END;
-- +goose StatementEnd
-- Entries come in and change their sum, line and account in a draft. Later their status alone changes: held and let go, removed,
-- and after the bank's answer returned. Each change empties the hash, which voids what was approved.
-- +goose StatementBegin
CREATE TRIGGER list_entry_begins BEFORE INSERT ON list_entry
WHEN NOT EXISTS (SELECT 1 FROM disbursement_list l WHERE l.id = NEW.list AND l.state IN ('', 'draft'))
  OR NOT EXISTS (SELECT 1 FROM entitlement t WHERE t.id = NEW.entitlement AND t.part = NEW.part AND t.enterprise = NEW.enterprise
    AND t.item = NEW.item AND t.amount_fen = NEW.claimed_fen)
BEGIN SELECT RAISE(ABORT, 'an entry comes into a draft, with what its entitlement says'); END;
-- +goose StatementEnd
-- M1: what was granted before or elsewhere isn't paid again, also what waits to be confirmed; what was given back of it counts once a
-- second person has confirmed that.
-- +goose StatementBegin
CREATE TRIGGER list_entry_earlier BEFORE INSERT ON list_entry
WHEN EXISTS (SELECT 1 FROM earlier_grant WHERE live = 1) AND NEW.part NOT GLOB 'c*' AND coalesce((SELECT sum(g.amount_fen) FROM entitlement t
    JOIN earlier_grant g ON g.item = t.item AND g.enterprise = t.enterprise AND g.period = t.period AND g.basis = t.basis AND g.live = 1
      AND (g.amount_fen > 0 OR EXISTS (SELECT 1 FROM earlier_file h WHERE h.id = g.file AND h.answer = 'confirmed'))
  WHERE t.id = NEW.entitlement AND t.part = NEW.part), 0) > 0
BEGIN SELECT RAISE(ABORT, 'the right was paid before this ledger or elsewhere'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER list_entry_moves BEFORE UPDATE ON list_entry
WHEN (NEW.list, NEW.n, NEW.entitlement, NEW.part, NEW.enterprise, NEW.item, NEW.name, NEW.claimed_fen)
    IS NOT (OLD.list, OLD.n, OLD.entitlement, OLD.part, OLD.enterprise, OLD.item, OLD.name, OLD.claimed_fen)
  OR ((NEW.amount_fen, NEW.reason, NEW.line) IS NOT (OLD.amount_fen, OLD.reason, OLD.line)
    AND (SELECT state FROM disbursement_list WHERE id = NEW.list) <> 'draft')
  OR (NEW.account IS NOT OLD.account AND (SELECT state FROM disbursement_list WHERE id = NEW.list) NOT IN ('draft', 'reviewed', 'confirmed'))
  OR OLD.status IN ('removed', 'returned')
  OR (NEW.status = 'returned' AND NOT EXISTS (SELECT 1 FROM payment p WHERE p.list = NEW.list AND p.n = NEW.n AND p.state IN ('failed', 'returned')))
  OR (NEW.status = 'returned' AND EXISTS (SELECT 1 FROM payment p WHERE p.list = NEW.list AND p.n = NEW.n AND p.state IN ('ready', 'sent', 'unknown', 'paid')))
  OR (NEW.status IN ('held', 'removed') AND EXISTS (SELECT 1 FROM payment p WHERE p.list = NEW.list AND p.n = NEW.n AND p.state IN ('sent', 'unknown', 'paid')))
BEGIN SELECT RAISE(ABORT, 'the entry can not change in this way now'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER list_entry_delete BEFORE DELETE ON list_entry BEGIN SELECT RAISE(ABORT, 'an entry is removed with a reason, never deleted'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER list_entry_voids AFTER UPDATE ON list_entry
WHEN NEW.status <> 'returned' AND EXISTS (SELECT 1 FROM disbursement_list WHERE id = NEW.list AND hash IS NOT NULL AND state NOT IN ('sent', 'settled'))
BEGIN UPDATE disbursement_list SET hash = NULL WHERE id = NEW.list; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER list_entry_added AFTER INSERT ON list_entry WHEN EXISTS (SELECT 1 FROM disbursement_list WHERE id = NEW.list AND hash IS NOT NULL)
BEGIN UPDATE disbursement_list SET hash = NULL WHERE id = NEW.list; END;
-- +goose StatementEnd
-- An entry that is paid less takes less of its caps. What an entry occupied is free again when it is out.
-- +goose StatementBegin
CREATE TRIGGER list_entry_lowers AFTER UPDATE OF amount_fen ON list_entry WHEN NEW.amount_fen < OLD.amount_fen
BEGIN UPDATE entry_cap SET fen = NEW.amount_fen WHERE list = NEW.list AND n = NEW.n AND fen > NEW.amount_fen; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER list_entry_frees AFTER UPDATE OF status ON list_entry WHEN NEW.status IN ('removed', 'returned')
BEGIN
  DELETE FROM entry_seat WHERE list = NEW.list AND n = NEW.n;
  DELETE FROM entry_cap WHERE list = NEW.list AND n = NEW.n;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER entry_seat_stays BEFORE DELETE ON entry_seat
WHEN EXISTS (SELECT 1 FROM list_entry e WHERE e.list = OLD.list AND e.n = OLD.n AND e.status IN ('in', 'held'))
  AND NOT (OLD.kind = 'exclusive' AND EXISTS (SELECT 1 FROM entry_back b WHERE b.list = OLD.list AND b.n = OLD.n AND b.fen >= b.amount_fen))
BEGIN SELECT RAISE(ABORT, 'the entry still counts'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER entry_seat_update BEFORE UPDATE ON entry_seat BEGIN SELECT RAISE(ABORT, 'entry_seat never changes'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER entry_seat_frees AFTER DELETE ON entry_seat
BEGIN
  DELETE FROM seat WHERE kind = OLD.kind AND key = OLD.key
    AND NOT EXISTS (SELECT 1 FROM entry_seat s WHERE s.kind = OLD.kind AND s.key = OLD.key);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER entry_cap_stays BEFORE DELETE ON entry_cap
WHEN EXISTS (SELECT 1 FROM list_entry e WHERE e.list = OLD.list AND e.n = OLD.n AND e.status IN ('in', 'held'))
BEGIN SELECT RAISE(ABORT, 'the entry still counts'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER entry_cap_update BEFORE UPDATE ON entry_cap
WHEN (NEW.list, NEW.n, NEW.key, NEW.times) IS NOT (OLD.list, OLD.n, OLD.key, OLD.times)
  OR (NEW.fen <> OLD.fen AND (NEW.fen > OLD.fen OR NEW.fen <> (SELECT e.amount_fen FROM list_entry e WHERE e.list = NEW.list AND e.n = NEW.n)))
  OR ((NEW.back_fen, NEW.back_times) IS NOT (OLD.back_fen, OLD.back_times) AND (NEW.back_fen, NEW.back_times) IS NOT (
    SELECT min(NEW.fen, b.fen), NEW.times * (b.fen >= b.amount_fen) FROM entry_back b WHERE b.list = NEW.list AND b.n = NEW.n))
BEGIN SELECT RAISE(ABORT, 'a share of a cap follows its entry and what came back'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER entry_cap_recounts AFTER UPDATE ON entry_cap
BEGIN
  UPDATE cap_use SET used_fen = used_fen + (NEW.fen - NEW.back_fen) - (OLD.fen - OLD.back_fen),
    used_times = used_times + (NEW.times - NEW.back_times) - (OLD.times - OLD.back_times) WHERE key = NEW.key;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER entry_cap_counts AFTER INSERT ON entry_cap
BEGIN UPDATE cap_use SET used_fen = used_fen + NEW.fen, used_times = used_times + NEW.times WHERE key = NEW.key; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER entry_cap_frees AFTER DELETE ON entry_cap
BEGIN UPDATE cap_use SET used_fen = used_fen - (OLD.fen - OLD.back_fen), used_times = used_times - (OLD.times - OLD.back_times) WHERE key = OLD.key; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER cap_use_begins BEFORE INSERT ON cap_use WHEN NEW.used_fen <> 0 OR NEW.used_times <> 0
BEGIN SELECT RAISE(ABORT, 'a cap begins unused'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER objection_moves BEFORE UPDATE ON objection
WHEN OLD.outcome IS NOT NULL OR (NEW.id, NEW.list, NEW.n, NEW.raised_by, NEW.text, NEW.recorded_by, NEW.raised_at)
    IS NOT (OLD.id, OLD.list, OLD.n, OLD.raised_by, OLD.text, OLD.recorded_by, OLD.raised_at)
BEGIN SELECT RAISE(ABORT, 'an objection is answered once'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER objection_delete BEFORE DELETE ON objection BEGIN SELECT RAISE(ABORT, 'an objection is never deleted'); END;
-- +goose StatementEnd
-- A payment is made out of an approved entry of the same sum, line and account, to which nobody objects; nothing is paid while
-- payments are locked (R7), nor added to a batch that is closed.
-- +goose StatementBegin
CREATE TRIGGER payment_begins BEFORE INSERT ON payment
WHEN NEW.state <> 'ready' OR (SELECT locked FROM instance) = 1 OR NOT EXISTS (
  SELECT 1 FROM list_entry e JOIN disbursement_list l ON l.id = e.list
  WHERE e.list = NEW.list AND e.n = NEW.n AND e.status = 'in' AND e.amount_fen = NEW.amount_fen AND e.line = NEW.line AND e.account = NEW.account
    AND l.state = 'approved' AND l.suspended = 0 AND l.hash IS NOT NULL
    AND l.hash = (SELECT hash FROM list_event v WHERE v.list = l.id AND v.action = 'approve' ORDER BY seq DESC LIMIT 1)
    AND EXISTS (SELECT 1 FROM posting o WHERE o.list = e.list AND o.n = e.n AND o.round = l.round AND o.kind = 'reserve'
      AND o.fen = NEW.amount_fen AND o.line = NEW.line)
    AND NOT EXISTS (SELECT 1 FROM posting o WHERE o.list = e.list AND o.n = e.n AND o.round = l.round AND o.kind = 'void')
    AND NOT EXISTS (SELECT 1 FROM objection j WHERE j.list = e.list AND j.n = e.n AND j.outcome IS NULL)
    AND NOT EXISTS (SELECT 1 FROM payment_batch b WHERE b.id = NEW.batch))
BEGIN SELECT RAISE(ABORT, 'a payment comes from an entry that is approved and reserved'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER payment_year BEFORE INSERT ON payment
WHEN (SELECT year FROM budget_line WHERE id = NEW.line) <> CAST(strftime('%Y', NEW.moved_at, '+8 hours') AS INTEGER)
BEGIN SELECT RAISE(ABORT, 'the budget line is of another fiscal year'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER payment_account BEFORE INSERT ON payment
WHEN NOT EXISTS (SELECT 1 FROM payee_account a WHERE a.id = NEW.account AND a.verified_at IS NOT NULL AND a.retired_at IS NULL AND a.usable_from <= NEW.moved_at)
BEGIN SELECT RAISE(ABORT, 'the payee account is not verified, or still in its cooling period'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER payment_moves BEFORE UPDATE ON payment
WHEN (NEW.id, NEW.list, NEW.n, NEW.attempt, NEW.batch, NEW.account, NEW.line, NEW.amount_fen)
    IS NOT (OLD.id, OLD.list, OLD.n, OLD.attempt, OLD.batch, OLD.account, OLD.line, OLD.amount_fen)
  OR NOT CASE OLD.state
    WHEN 'ready' THEN NEW.state IN ('sent', 'cancelled')
    WHEN 'sent' THEN NEW.state IN ('paid', 'failed', 'unknown')
    WHEN 'unknown' THEN NEW.state IN ('paid', 'failed')
    WHEN 'paid' THEN NEW.state = 'returned'
    ELSE 0 END
BEGIN SELECT RAISE(ABORT, 'the payment can not go to this state'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER payment_sends BEFORE UPDATE ON payment WHEN NEW.state = 'sent' AND (SELECT locked FROM instance) = 1
BEGIN SELECT RAISE(ABORT, 'payments are locked until two persons have unlocked them'); END;
-- +goose StatementEnd
-- What is sent is sent as it was exported: by a list that stands, an entry that is in, a line of the year, to an account in use.
-- +goose StatementBegin
CREATE TRIGGER payment_stands BEFORE UPDATE ON payment
WHEN NEW.state = 'sent' AND NOT EXISTS (
  SELECT 1 FROM payment_batch b JOIN disbursement_list l ON l.id = NEW.list JOIN list_entry e ON e.list = NEW.list AND e.n = NEW.n JOIN budget_line y ON y.id = NEW.line
  WHERE b.id = NEW.batch AND l.state IN ('exported', 'sent') AND l.suspended = 0 AND l.round = b.round AND l.hash = b.list_hash AND e.status = 'in'
    AND y.year = CAST(strftime('%Y', NEW.moved_at, '+8 hours') AS INTEGER)
    AND EXISTS (SELECT 1 FROM payee_account a WHERE a.id = NEW.account AND a.retired_at IS NULL))
BEGIN SELECT RAISE(ABORT, 'a payment is sent as it was exported, within the year of its line, to an account in use'); END;
-- +goose StatementEnd
-- What came back from the firm doesn't come back from the bank as well.
-- +goose StatementBegin
CREATE TRIGGER payment_returns BEFORE UPDATE ON payment
WHEN NEW.state = 'returned' AND EXISTS (SELECT 1 FROM recovery r WHERE r.payment = NEW.id AND r.received_fen > 0)
BEGIN SELECT RAISE(ABORT, 'the firm has given back of this payment'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER payment_delete BEFORE DELETE ON payment BEGIN SELECT RAISE(ABORT, 'a payment is never deleted'); END;
-- +goose StatementEnd
-- M8: the batch is of the list as approved, with the count and sum of its payments.
-- +goose StatementBegin
CREATE TRIGGER payment_batch_whole BEFORE INSERT ON payment_batch
WHEN (SELECT count(*) <> NEW.lines OR coalesce(sum(p.amount_fen), 0) <> NEW.sum_fen OR coalesce(sum(p.list <> NEW.list), 0) > 0
    FROM payment p WHERE p.batch = NEW.id)
  OR NOT EXISTS (SELECT 1 FROM disbursement_list l WHERE l.id = NEW.list AND l.state = 'approved' AND l.round = NEW.round AND l.hash = NEW.list_hash)
BEGIN SELECT RAISE(ABORT, 'count or sum of the batch is not that of its payments'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER payment_batch_update BEFORE UPDATE ON payment_batch BEGIN SELECT RAISE(ABORT, 'payment_batch is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER payment_batch_delete BEFORE DELETE ON payment_batch BEGIN SELECT RAISE(ABORT, 'payment_batch is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER batch_file_update BEFORE UPDATE ON batch_file BEGIN SELECT RAISE(ABORT, 'a file made again must be the same'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER batch_file_delete BEFORE DELETE ON batch_file BEGIN SELECT RAISE(ABORT, 'batch_file is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER receipt_line_moves BEFORE UPDATE ON receipt_line
WHEN OLD.resolved_at IS NOT NULL OR (NEW.id, NEW.file, NEW.batch, NEW.payment, NEW.print, NEW.amount_fen, NEW.result, NEW.reason, NEW.bank_at)
    IS NOT (OLD.id, OLD.file, OLD.batch, OLD.payment, OLD.print, OLD.amount_fen, OLD.result, OLD.reason, OLD.bank_at)
BEGIN SELECT RAISE(ABORT, 'a receipt is resolved once'); END;
-- +goose StatementEnd
-- Two persons: who took the receipt in, or stated it, doesn't resolve it; nor does who was stood in for, on either side.
-- +goose StatementBegin
CREATE TRIGGER receipt_line_persons BEFORE UPDATE ON receipt_line
WHEN NEW.resolved_by IS NOT NULL AND EXISTS (SELECT 1 FROM receipt_file f WHERE f.sha256 = NEW.file
  AND (NEW.resolved_by IN (f.received_by, f.received_for) OR NEW.resolved_for IN (f.received_by, f.received_for)))
BEGIN SELECT RAISE(ABORT, 'who took a receipt in does not resolve it'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER receipt_line_delete BEFORE DELETE ON receipt_line BEGIN SELECT RAISE(ABORT, 'a receipt is never deleted'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER finding_moves BEFORE UPDATE ON finding
WHEN OLD.answer IS NOT NULL OR (NEW.id, NEW.item, NEW.enterprise, NEW.condition, NEW.result, NEW.amount_fen, NEW.on_day, NEW.evidence, NEW.recorded_by, NEW.recorded_at)
    IS NOT (OLD.id, OLD.item, OLD.enterprise, OLD.condition, OLD.result, OLD.amount_fen, OLD.on_day, OLD.evidence, OLD.recorded_by, OLD.recorded_at)
BEGIN SELECT RAISE(ABORT, 'a finding is answered once'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER earlier_file_moves BEFORE UPDATE ON earlier_file
WHEN OLD.answer IS NOT NULL OR (NEW.id, NEW.department, NEW.name, NEW.sha256, NEW.source, NEW.grants, NEW.sum_fen, NEW.recorded_by, NEW.recorded_at)
    IS NOT (OLD.id, OLD.department, OLD.name, OLD.sha256, OLD.source, OLD.grants, OLD.sum_fen, OLD.recorded_by, OLD.recorded_at)
BEGIN SELECT RAISE(ABORT, 'a file of earlier grants is answered once'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER earlier_file_delete BEFORE DELETE ON earlier_file BEGIN SELECT RAISE(ABORT, 'a file of earlier grants is never deleted'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER earlier_grant_delete BEFORE DELETE ON earlier_grant BEGIN SELECT RAISE(ABORT, 'an earlier grant is never deleted'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER whole_ledger_moves BEFORE UPDATE ON whole_ledger
WHEN OLD.ended_at IS NOT NULL OR OLD.answer = 'rejected' OR (NEW.id, NEW.department, NEW.item, NEW.since, NEW.evidence, NEW.recorded_by, NEW.recorded_at)
    IS NOT (OLD.id, OLD.department, OLD.item, OLD.since, OLD.evidence, OLD.recorded_by, OLD.recorded_at)
  OR (OLD.answer IS NOT NULL AND (NEW.answer, NEW.answered_by, NEW.answered_at) IS NOT (OLD.answer, OLD.answered_by, OLD.answered_at))
BEGIN SELECT RAISE(ABORT, 'that the ledger is whole is answered once and ended once'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER whole_ledger_begins BEFORE INSERT ON whole_ledger
WHEN NEW.answer IS NOT NULL OR NEW.ended_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'that the ledger is whole begins unconfirmed'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER whole_ledger_delete BEFORE DELETE ON whole_ledger BEGIN SELECT RAISE(ABORT, 'that the ledger is whole is ended, never deleted'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER earlier_file_begins BEFORE INSERT ON earlier_file
WHEN NEW.answer IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a file of earlier grants begins unconfirmed'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER earlier_grant_begins BEFORE INSERT ON earlier_grant
WHEN NEW.live <> 1 OR (SELECT answer FROM earlier_file WHERE id = NEW.file) IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'an earlier grant comes in with its file'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER earlier_grant_once BEFORE INSERT ON earlier_grant
WHEN NEW.amount_fen > 0 AND EXISTS (SELECT 1 FROM entitlement t JOIN list_entry e ON e.entitlement = t.id AND e.part = t.part
  WHERE t.item = NEW.item AND t.enterprise = NEW.enterprise AND t.period = NEW.period AND t.basis = NEW.basis
    AND e.status IN ('in', 'held') AND e.part NOT GLOB 'c*')
BEGIN SELECT RAISE(ABORT, 'the right is on a list of this ledger'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER earlier_grant_moves BEFORE UPDATE ON earlier_grant
WHEN (NEW.file, NEW.line, NEW.item, NEW.enterprise, NEW.period, NEW.basis, NEW.amount_fen, NEW.on_day)
    IS NOT (OLD.file, OLD.line, OLD.item, OLD.enterprise, OLD.period, OLD.basis, OLD.amount_fen, OLD.on_day)
  OR NEW.live <> 0 OR (SELECT answer FROM earlier_file WHERE id = NEW.file) IS NOT 'rejected'
BEGIN SELECT RAISE(ABORT, 'an earlier grant falls with its file alone'); END;
-- +goose StatementEnd
-- What another file gives back was granted.
-- +goose StatementBegin
CREATE TRIGGER earlier_file_falls AFTER UPDATE ON earlier_file WHEN NEW.answer = 'rejected'
BEGIN
  UPDATE earlier_grant SET live = 0 WHERE file = NEW.id;
  SELECT RAISE(ABORT, 'more would be given back than was granted') WHERE EXISTS (
    SELECT 1 FROM (SELECT DISTINCT item, enterprise, period, basis FROM earlier_grant WHERE file = NEW.id AND amount_fen > 0) g
    WHERE (SELECT coalesce(sum(o.amount_fen), 0) FROM earlier_grant o WHERE o.item = g.item AND o.enterprise = g.enterprise
        AND o.period = g.period AND o.basis = g.basis AND o.live = 1) < 0);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER finding_delete BEFORE DELETE ON finding BEGIN SELECT RAISE(ABORT, 'a finding is never deleted'); END;
-- +goose StatementEnd
-- A payment is claimed back, of the firm that has it, once at most to its whole sum, over all its recoveries.
-- +goose StatementBegin
CREATE TRIGGER recovery_fits BEFORE INSERT ON recovery
WHEN NEW.approved_by IS NOT NULL OR NEW.received_fen <> 0 OR NEW.amount_fen + (SELECT coalesce(sum(r.amount_fen), 0) FROM recovery r WHERE r.payment = NEW.payment)
  > (SELECT coalesce(max(p.amount_fen), 0) FROM payment p WHERE p.id = NEW.payment AND p.state = 'paid')
  OR NEW.enterprise <> (SELECT e.enterprise FROM payment p JOIN list_entry e ON e.list = p.list AND e.n = p.n WHERE p.id = NEW.payment)
BEGIN SELECT RAISE(ABORT, 'more would be claimed back than was paid'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER recovery_moves BEFORE UPDATE ON recovery
WHEN (NEW.id, NEW.payment, NEW.enterprise, NEW.amount_fen, NEW.reason, NEW.proposed_by) IS NOT (OLD.id, OLD.payment, OLD.enterprise, OLD.amount_fen, OLD.reason, OLD.proposed_by)
  OR (OLD.approved_by IS NOT NULL AND NEW.approved_by IS NOT OLD.approved_by)
  OR NEW.received_fen <> (SELECT coalesce(sum(q.fen), 0) FROM recovery_receipt q WHERE q.recovery = NEW.id)
BEGIN SELECT RAISE(ABORT, 'a recovery is approved once, and has received what its receipts say'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER recovery_delete BEFORE DELETE ON recovery BEGIN SELECT RAISE(ABORT, 'a recovery is never deleted'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER recovery_returned BEFORE INSERT ON recovery_receipt
WHEN (SELECT p.state FROM recovery r JOIN payment p ON p.id = r.payment WHERE r.id = NEW.recovery) <> 'paid'
BEGIN SELECT RAISE(ABORT, 'the payment was returned by the bank'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER recovery_counts AFTER INSERT ON recovery_receipt
BEGIN
  UPDATE recovery SET received_fen = received_fen + NEW.fen WHERE id = NEW.recovery;
  UPDATE entry_cap SET (back_fen, back_times) = (
    SELECT min(entry_cap.fen, b.fen), entry_cap.times * (b.fen >= b.amount_fen) FROM entry_back b WHERE b.list = entry_cap.list AND b.n = entry_cap.n)
  WHERE (list, n) IN (SELECT p.list, p.n FROM recovery r JOIN payment p ON p.id = r.payment WHERE r.id = NEW.recovery);
  DELETE FROM entry_seat WHERE kind = 'exclusive' AND (list, n) IN (
    SELECT b.list, b.n FROM recovery r JOIN payment p ON p.id = r.payment JOIN entry_back b ON b.list = p.list AND b.n = p.n
    WHERE r.id = NEW.recovery AND b.fen >= b.amount_fen);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER recovery_receipt_update BEFORE UPDATE ON recovery_receipt BEGIN SELECT RAISE(ABORT, 'recovery_receipt is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER recovery_receipt_delete BEFORE DELETE ON recovery_receipt BEGIN SELECT RAISE(ABORT, 'recovery_receipt is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER list_attachment_update BEFORE UPDATE ON list_attachment BEGIN SELECT RAISE(ABORT, 'list_attachment is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER list_attachment_delete BEFORE DELETE ON list_attachment BEGIN SELECT RAISE(ABORT, 'list_attachment is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER confirmation_update BEFORE UPDATE ON confirmation BEGIN SELECT RAISE(ABORT, 'confirmation is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER confirmation_delete BEFORE DELETE ON confirmation BEGIN SELECT RAISE(ABORT, 'confirmation is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER batch_download_update BEFORE UPDATE ON batch_download BEGIN SELECT RAISE(ABORT, 'batch_download is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER batch_download_delete BEFORE DELETE ON batch_download BEGIN SELECT RAISE(ABORT, 'batch_download is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER receipt_file_update BEFORE UPDATE ON receipt_file BEGIN SELECT RAISE(ABORT, 'receipt_file is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER receipt_file_delete BEFORE DELETE ON receipt_file BEGIN SELECT RAISE(ABORT, 'receipt_file is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER choice_update BEFORE UPDATE ON choice BEGIN SELECT RAISE(ABORT, 'choice is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER choice_delete BEFORE DELETE ON choice BEGIN SELECT RAISE(ABORT, 'choice is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER list_step_insert BEFORE INSERT ON list_step BEGIN SELECT RAISE(ABORT, 'the steps are fixed'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER list_step_update BEFORE UPDATE ON list_step BEGIN SELECT RAISE(ABORT, 'the steps are fixed'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER list_step_delete BEFORE DELETE ON list_step BEGIN SELECT RAISE(ABORT, 'the steps are fixed'); END;
-- +goose StatementEnd
