-- Searches that enterprises save. Twin of postgres/0003_saved_search.sql: same names, same meanings, same promises.

-- +goose Up

-- A search that an enterprise comes back to: what was typed, and the filters as a canonical query string. They come and go.
CREATE TABLE saved_search (
  enterprise TEXT NOT NULL REFERENCES enterprise (uscc),
  text       TEXT NOT NULL CHECK (length(text) <= 128),
  filters    TEXT NOT NULL CHECK (length(filters) <= 4000),
  created    TEXT NOT NULL CHECK (length(created) = 10 AND date(created) IS created),
  PRIMARY KEY (enterprise, text, filters),
  CHECK (text <> '' OR filters <> '')
) STRICT, WITHOUT ROWID;

-- +goose StatementBegin
CREATE TRIGGER saved_search_room BEFORE INSERT ON saved_search
WHEN (SELECT count(*) FROM saved_search WHERE enterprise = NEW.enterprise) >= 50
BEGIN SELECT RAISE(ABORT, 'the enterprise has saved enough'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER saved_search_update BEFORE UPDATE ON saved_search
BEGIN SELECT RAISE(ABORT, 'a saved search is dropped, never changed'); END;
-- +goose StatementEnd
