package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"mianshen/internal/audit"
)

// PolicyVersion is a policy as published: immutable, and addressed by its content.
type PolicyVersion struct {
	ID          string    // SHA-256 of Files in lower-case hexadecimal; may be left empty in PublishPolicy
	PolicyID    string    // the policy's own id, the same in all its versions
	Title       string    // its title, for lists
	PublishedAt time.Time // when this content was first published
	PublishedBy string    // who did that
	Files       []byte    // the canonical archive of the policy's folder
}

// VocabularyVersion is a vocabulary as published: immutable, and addressed by its content.
type VocabularyVersion struct {
	ID          string // SHA-256 of Body in lower-case hexadecimal; may be left empty in PublishVocabulary
	PublishedAt time.Time
	PublishedBy string
	Body        []byte
}

// Pointer says that a version has been the current one of its policy from an instant on.
type Pointer struct {
	PolicyID, Version string
	At                time.Time
	By                string
}

// Hash returns the content address that the store uses: SHA-256 in lower-case hexadecimal.
func Hash(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// PublishPolicy makes v the current version of its policy, at v.PublishedAt by v.PublishedBy. isNew says whether its
// content had never been published; content that was is not stored again, but becomes current again if another version
// came after it. Publishing what is current already changes nothing. A change of kind ChangePolicy and an audit record of kind
// AuditPolicyPublished are written with it.
// ErrInvalid: an empty field, or an ID that isn't the hash. ErrConflict: the content was published under another policy id.
func (s *Store) PublishPolicy(ctx context.Context, v PolicyVersion) (isNew bool, err error) {
	defer wrap(&err, "publish policy %q", v.PolicyID)
	if err := errors.Join(text("policy id", v.PolicyID), text("title", v.Title), text("publisher", v.PublishedBy),
		instant("publication", v.PublishedAt), address(&v.ID, v.Files)); err != nil {
		return false, err
	}
	err = s.transact(ctx, func(tx *sql.Tx) error {
		if err := s.serialize(ctx, tx, sequences); err != nil {
			return err
		}
		result, err := tx.ExecContext(ctx, `INSERT INTO policy_version (id, policy_id, title, published_at, published_by, files)
			VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING`,
			v.ID, v.PolicyID, v.Title, stamp{v.PublishedAt}, v.PublishedBy, v.Files)
		if err != nil {
			return err
		}
		added, err := result.RowsAffected()
		if err != nil {
			return err
		}
		isNew = added == 1
		return s.pointPolicy(ctx, tx, v)
	})
	return isNew && err == nil, err
}

// pointPolicy makes v, which is stored, the current version of its policy unless it is so already, and records it.
func (s *Store) pointPolicy(ctx context.Context, tx *sql.Tx, v PolicyVersion) error {
	if moved, err := s.movePointer(ctx, tx, v); err != nil || !moved {
		return err
	}
	_, err := s.appendAudit(ctx, tx, audit.Entry{
		Kind: AuditPolicyPublished, Subject: v.PolicyID, At: v.PublishedAt,
		Facts: map[string]string{"version": v.ID}, Sealed: map[string]string{"person": v.PublishedBy},
	})
	return err
}

// movePointer is pointPolicy without the audit record; moved says whether v wasn't the current version before.
func (s *Store) movePointer(ctx context.Context, tx *sql.Tx, v PolicyVersion) (moved bool, err error) {
	var owner string
	if err := tx.QueryRowContext(ctx, `SELECT policy_id FROM policy_version WHERE id = $1`, v.ID).Scan(&owner); err != nil {
		return false, err
	}
	if owner != v.PolicyID {
		return false, fmt.Errorf("content %s was published as %q: %w", v.ID, owner, ErrConflict)
	}
	var current string
	err = tx.QueryRowContext(ctx, `SELECT version FROM current_policy WHERE policy_id = $1`, v.PolicyID).Scan(&current)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return false, err
	}
	if current == v.ID {
		return false, nil
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO policy_pointer (policy_id, version, at, set_by) VALUES ($1, $2, $3, $4)`,
		v.PolicyID, v.ID, stamp{v.PublishedAt}, v.PublishedBy); err != nil {
		return false, err
	}
	return true, record(ctx, tx, Change{At: v.PublishedAt, Kind: ChangePolicy, Subject: v.PolicyID})
}

const selectPolicy = `SELECT v.id, v.policy_id, v.title, v.published_at, v.published_by, v.files FROM policy_version v `

func scanPolicy(scan func(...any) error) (v PolicyVersion, err error) {
	var at stamp
	err = scan(&v.ID, &v.PolicyID, &v.Title, &at, &v.PublishedBy, &v.Files)
	v.PublishedAt = at.Time
	return v, err
}

// PolicyVersion returns the version with the given id, or ErrNotFound.
func (s *Store) PolicyVersion(ctx context.Context, id string) (v PolicyVersion, err error) {
	defer wrap(&err, "policy version %q", id)
	return scanPolicy(s.db.QueryRowContext(ctx, selectPolicy+`WHERE v.id = $1`, id).Scan)
}

// CurrentPolicy returns the current version of a policy, or ErrNotFound.
func (s *Store) CurrentPolicy(ctx context.Context, policyID string) (v PolicyVersion, err error) {
	defer wrap(&err, "current version of policy %q", policyID)
	return scanPolicy(s.db.QueryRowContext(ctx,
		selectPolicy+`JOIN current_policy c ON c.version = v.id WHERE c.policy_id = $1`, policyID).Scan)
}

// CurrentPolicies returns the current version of every policy, in the order of their ids.
func (s *Store) CurrentPolicies(ctx context.Context) (list []PolicyVersion, err error) {
	defer wrap(&err, "current policies")
	return collect(ctx, s.db, scanPolicy,
		selectPolicy+`JOIN current_policy c ON c.version = v.id AND c.policy_id = v.policy_id ORDER BY v.policy_id`)
}

// PolicyHistory returns which versions of a policy were current, the oldest first; none if the policy is unknown.
func (s *Store) PolicyHistory(ctx context.Context, policyID string) (list []Pointer, err error) {
	defer wrap(&err, "history of policy %q", policyID)
	return collect(ctx, s.db, func(scan func(...any) error) (p Pointer, err error) {
		var at stamp
		err = scan(&p.PolicyID, &p.Version, &at, &p.By)
		p.At = at.Time
		return p, err
	}, `SELECT policy_id, version, at, set_by FROM policy_pointer WHERE policy_id = $1 ORDER BY seq`, policyID)
}

// PublishVocabulary makes v the current vocabulary, as PublishPolicy does with a policy; the change is of kind
// ChangeVocabulary.
func (s *Store) PublishVocabulary(ctx context.Context, v VocabularyVersion) (isNew bool, err error) {
	defer wrap(&err, "publish vocabulary %q", v.ID)
	if err := errors.Join(text("publisher", v.PublishedBy), instant("publication", v.PublishedAt),
		address(&v.ID, v.Body)); err != nil {
		return false, err
	}
	err = s.transact(ctx, func(tx *sql.Tx) error {
		if err := s.serialize(ctx, tx, sequences); err != nil {
			return err
		}
		result, err := tx.ExecContext(ctx, `INSERT INTO vocabulary_version (id, published_at, published_by, body)
			VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO NOTHING`, v.ID, stamp{v.PublishedAt}, v.PublishedBy, v.Body)
		if err != nil {
			return err
		}
		added, err := result.RowsAffected()
		if err != nil {
			return err
		}
		isNew = added == 1
		result, err = tx.ExecContext(ctx, `INSERT INTO vocabulary_pointer (version, at, set_by) SELECT v.id, $2, $3
			FROM vocabulary_version v WHERE v.id = $1
			AND NOT EXISTS (SELECT 1 FROM vocabulary_pointer p WHERE p.version = v.id
				AND p.seq = (SELECT max(seq) FROM vocabulary_pointer))`, v.ID, stamp{v.PublishedAt}, v.PublishedBy)
		if err != nil {
			return err
		}
		if moved, err := result.RowsAffected(); err != nil || moved == 0 {
			return err
		}
		return record(ctx, tx, Change{At: v.PublishedAt, Kind: ChangeVocabulary, Subject: v.ID})
	})
	return isNew && err == nil, err
}

const selectVocabulary = `SELECT v.id, v.published_at, v.published_by, v.body FROM vocabulary_version v `

func scanVocabulary(scan func(...any) error) (v VocabularyVersion, err error) {
	var at stamp
	err = scan(&v.ID, &at, &v.PublishedBy, &v.Body)
	v.PublishedAt = at.Time
	return v, err
}

// VocabularyVersion returns the vocabulary with the given id, or ErrNotFound.
func (s *Store) VocabularyVersion(ctx context.Context, id string) (v VocabularyVersion, err error) {
	defer wrap(&err, "vocabulary %q", id)
	return scanVocabulary(s.db.QueryRowContext(ctx, selectVocabulary+`WHERE v.id = $1`, id).Scan)
}

// CurrentVocabulary returns the vocabulary published last, or ErrNotFound if there is none yet.
func (s *Store) CurrentVocabulary(ctx context.Context) (v VocabularyVersion, err error) {
	defer wrap(&err, "current vocabulary")
	return scanVocabulary(s.db.QueryRowContext(ctx, selectVocabulary+
		`JOIN vocabulary_pointer p ON p.version = v.id ORDER BY p.seq DESC LIMIT 1`).Scan)
}

// address sets *id to the hash of content, or refuses another one, or no content.
func address(id *string, content []byte) error {
	if len(content) == 0 {
		return fmt.Errorf("no content: %w", ErrInvalid)
	}
	hash := Hash(content)
	if *id != "" && *id != hash {
		return fmt.Errorf("id %q isn't the content's hash %s: %w", *id, hash, ErrInvalid)
	}
	*id = hash
	return nil
}
