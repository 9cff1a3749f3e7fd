-- Searches that enterprises save. Twin of sqlite/0003_saved_search.sql: same names, same meanings, same promises.

-- +goose Up

-- A search that an enterprise comes back to: what was typed, and the filters as a canonical query string. They come and go.
CREATE TABLE saved_search (
  enterprise TEXT COLLATE "C" NOT NULL REFERENCES enterprise (uscc),
  text       TEXT COLLATE "C" NOT NULL CHECK (length(text) <= 128),
  filters    TEXT COLLATE "C" NOT NULL CHECK (length(filters) <= 4000),
  created    DATE NOT NULL,
  PRIMARY KEY (enterprise, text, filters),
  CHECK (text <> '' OR filters <> '')
);

-- +goose StatementBegin
CREATE FUNCTION saved_search_room() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT count(*) FROM saved_search WHERE enterprise = NEW.enterprise) >= 50 THEN
    RAISE EXCEPTION 'the enterprise has saved enough' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER saved_search_room BEFORE INSERT ON saved_search FOR EACH ROW EXECUTE FUNCTION saved_search_room();

-- +goose StatementBegin
CREATE FUNCTION saved_search_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a saved search is dropped, never changed' USING ERRCODE = 'restrict_violation';
END $$;
-- +goose StatementEnd
CREATE TRIGGER saved_search_update BEFORE UPDATE ON saved_search FOR EACH ROW EXECUTE FUNCTION saved_search_update();
