package casework

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"sort"
	"time"

	"mianshen/internal/store"
	"mianshen/rules"
	"mianshen/rules/lint"
	"mianshen/rules/source"
)

// Published says what publishing a policy did.
type Published struct {
	PolicyID string
	Title    string
	Version  string // SHA-256 of the canonical archive
	New      bool   // the content had never been published
	Changed  bool   // it wasn't the current version before
}

// PublishVocabulary makes body the current vocabulary. It must compile, and all current policies must compile against it.
func (o *Office) PublishVocabulary(ctx context.Context, body []byte, by string, now time.Time) (string, error) {
	v, ms := rules.ParseVocabulary("vocabulary.yaml", body)
	if err := ms.Err(); err != nil {
		return "", err
	}
	versions, err := o.Store.CurrentPolicies(ctx)
	if err != nil {
		return "", err
	}
	var policies []*rules.Policy
	for _, version := range versions {
		p, err := Unpack(version.Files, version.PolicyID)
		if err != nil {
			return "", err
		}
		policies = append(policies, p)
	}
	if _, ms := rules.Compile(v, policies); ms.Fatal() {
		return "", ms.Err()
	}
	version := store.VocabularyVersion{ID: store.Hash(body), PublishedAt: now, PublishedBy: by, Body: body}
	_, err = o.Store.PublishVocabulary(ctx, version)
	return version.ID, err
}

// Proposal is a set of policy folders checked together with everything that is current, ready to be published.
type Proposal struct {
	Book       *rules.Book // current policies with the proposed ones in their place
	Versions   []store.PolicyVersion
	Vocabulary []byte // a new vocabulary to be published with them; nil keeps the current one
}

// Propose checks every policy folder at or below the root of fsys: it must compile together with the other current policies,
// its cases must pass, and each item must have its four kinds of case. Mistakes come all at once as the error.
func (o *Office) Propose(ctx context.Context, fsys fs.FS, shown string) (*Proposal, error) {
	return o.ProposeWith(ctx, nil, fsys, shown)
}

// ProposeWith proposes policies together with a new vocabulary, which nil leaves as it is. Nothing is stored.
func (o *Office) ProposeWith(ctx context.Context, vocabulary []byte, fsys fs.FS, shown string) (*Proposal, error) {
	v, err := o.vocabulary(ctx, vocabulary)
	if err != nil {
		return nil, err
	}
	proposed, ms := rules.ReadPolicies(fsys, shown)
	others, err := o.others(ctx, proposed)
	if err != nil {
		return nil, err
	}
	book, more := rules.Compile(v, append(others, proposed...))
	ms = append(ms, more...)
	if book != nil {
		ms = append(ms, unfit(book, proposed)...)
	}
	if err := ms.Err(); err != nil {
		return nil, err
	}
	p := &Proposal{Book: book, Vocabulary: vocabulary}
	p.Versions, err = pack(fsys, proposed)
	return p, err
}

// vocabulary compiles the text given, or the current vocabulary.
func (o *Office) vocabulary(ctx context.Context, text []byte) (*rules.Vocabulary, error) {
	if text == nil {
		current, err := o.Store.CurrentVocabulary(ctx)
		if errors.Is(err, store.ErrNotFound) {
			return nil, fmt.Errorf("还没有指标字典，先发布指标字典：%w", ErrNothing)
		}
		if err != nil {
			return nil, err
		}
		text = current.Body
	}
	v, ms := rules.ParseVocabulary("vocabulary.yaml", text)
	return v, ms.Err()
}

// unfit lists what keeps the policies from being published although they compile.
func unfit(book *rules.Book, proposed []*rules.Policy) source.Mistakes {
	var ms source.Mistakes
	for _, p := range proposed {
		ms = append(ms, p.Publishable()...)
		ms = append(ms, lint.Policy(book, p)...)
		for _, r := range book.RunCases(p) {
			if len(r.Problems) > 0 {
				ms = append(ms, r.Mistake())
			}
		}
	}
	return ms
}

// others are the current policies that aren't among the proposed ones.
func (o *Office) others(ctx context.Context, proposed []*rules.Policy) ([]*rules.Policy, error) {
	again := map[string]bool{}
	for _, p := range proposed {
		again[p.ID] = true
	}
	current, err := o.Store.CurrentPolicies(ctx)
	if err != nil {
		return nil, err
	}
	var out []*rules.Policy
	for _, version := range current {
		if again[version.PolicyID] {
			continue
		}
		p, err := Unpack(version.Files, version.PolicyID)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

func pack(fsys fs.FS, policies []*rules.Policy) ([]store.PolicyVersion, error) {
	byID := map[string]*rules.Policy{}
	for _, p := range policies {
		byID[p.ID] = p
	}
	var out []store.PolicyVersion
	err := fs.WalkDir(fsys, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || e.Name() != "policy.yaml" {
			return err
		}
		files, err := Pack(fsys, path.Dir(name))
		if err != nil {
			return err
		}
		p, err := Unpack(files, path.Dir(name))
		if err != nil {
			return err
		}
		if byID[p.ID] == nil {
			return fmt.Errorf("%s: %w", name, source.Mistakes{{File: name, Message: "读取期间文件变了"}})
		}
		out = append(out, store.PolicyVersion{ID: store.Hash(files), PolicyID: p.ID, Title: p.Title, Files: files})
		return nil
	})
	sort.Slice(out, func(i, j int) bool { return out[i].PolicyID < out[j].PolicyID })
	return out, err
}

// Publish makes the proposed vocabulary, if there is one, and the proposed versions current.
func (o *Office) Publish(ctx context.Context, p *Proposal, by string, now time.Time) ([]Published, error) {
	if p.Vocabulary != nil {
		v := store.VocabularyVersion{ID: store.Hash(p.Vocabulary), PublishedAt: now, PublishedBy: by, Body: p.Vocabulary}
		if _, err := o.Store.PublishVocabulary(ctx, v); err != nil {
			return nil, err
		}
	}
	var out []Published
	for _, v := range p.Versions {
		v.PublishedAt, v.PublishedBy = now, by
		before, err := o.Store.CurrentPolicy(ctx, v.PolicyID)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return out, err
		}
		isNew, err := o.Store.PublishPolicy(ctx, v)
		if err != nil {
			return out, err
		}
		out = append(out, Published{PolicyID: v.PolicyID, Title: v.Title, Version: v.ID, New: isNew, Changed: before.ID != v.ID})
	}
	return out, nil
}
