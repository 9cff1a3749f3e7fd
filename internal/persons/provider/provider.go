// Package provider signs in by an identity provider (OpenID Connect, code flow with PKCE, state and nonce). It tells which
// subject the provider vouches for, and nothing else: who that is, and what he may, stands in the book of persons.
package provider

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"mianshen/internal/persons/secret"
)

// ErrRefused says that the provider didn't vouch for anybody, or that what came back doesn't belong to what was begun.
var ErrRefused = errors.New("the identity provider's answer isn't good")

const (
	// attemptLasts is how long somebody may take at the provider.
	attemptLasts = 10 * time.Minute
	// freshWithin is how long ago the provider may have asked for the password, when it was to ask again.
	freshWithin = time.Minute
	timeout     = 10 * time.Second
)

// Config says which provider, and who we are to it.
type Config struct {
	Issuer   string
	ClientID string
	Secret   string
	Callback string // our address that the provider sends browsers back to
}

// Provider signs in by one provider. It asks where the provider's doors are when they are needed first, so that a
// provider that is down keeps nobody else from working. It is safe for concurrent use.
type Provider struct {
	cfg    Config
	client *http.Client

	mu    sync.Mutex
	known *oidc.Provider
}

// New returns a provider; nothing is asked of it yet.
func New(cfg Config) (*Provider, error) {
	for _, address := range []string{cfg.Issuer, cfg.Callback} {
		if u, err := url.Parse(address); err != nil || u.Host == "" || u.Scheme != "https" && !local(u) {
			return nil, fmt.Errorf("统一身份认证的地址 %q 不对：应以 https:// 开头", address)
		}
	}
	if cfg.ClientID == "" {
		return nil, errors.New("统一身份认证缺少客户端编号")
	}
	return &Provider{cfg: cfg, client: &http.Client{Timeout: timeout}}, nil
}

// local tells whether an address is of this machine, where plain HTTP goes over no wire.
func local(u *url.URL) bool {
	return u.Scheme == "http" && slices.Contains([]string{"localhost", "127.0.0.1", "::1"}, u.Hostname())
}

// Attempt is a sign-in that was begun. It is kept with the browser, sealed.
type Attempt struct {
	State    string    `json:"state"`
	Nonce    string    `json:"nonce"`
	Verifier string    `json:"verifier"`
	Again    bool      `json:"again"` // the provider is to ask for the password even of who is signed in there
	Begun    time.Time `json:"begun"`
}

// Begin returns the address to send the browser to, and what Finish needs.
func (p *Provider) Begin(ctx context.Context, again bool, now time.Time) (address string, a Attempt, err error) {
	_, config, err := p.door(ctx)
	if err != nil {
		return "", a, err
	}
	a = Attempt{State: secret.Token(), Nonce: secret.Token(), Verifier: oauth2.GenerateVerifier(), Again: again, Begun: now}
	options := []oauth2.AuthCodeOption{oidc.Nonce(a.Nonce), oauth2.S256ChallengeOption(a.Verifier)}
	if again {
		options = append(options, oauth2.SetAuthURLParam("prompt", "login"), oauth2.SetAuthURLParam("max_age", "0"))
	}
	return config.AuthCodeURL(a.State, options...), a, nil
}

// Finish takes what the browser brought back from the provider and returns for whom it vouches. ErrRefused: nobody.
func (p *Provider) Finish(ctx context.Context, a Attempt, back url.Values, now time.Time) (issuer, subject string, err error) {
	since := now.Sub(a.Begun)
	switch {
	case a.State == "" || !secret.Same(a.State, back.Get("state")):
		return "", "", fmt.Errorf("%w: state", ErrRefused)
	case since > attemptLasts || since < -time.Minute:
		return "", "", fmt.Errorf("%w: it took %v", ErrRefused, since)
	case back.Has("iss") && back.Get("iss") != p.cfg.Issuer: // RFC 9207
		return "", "", fmt.Errorf("%w: it is another provider's", ErrRefused)
	case back.Get("error") != "" || back.Get("code") == "":
		return "", "", fmt.Errorf("%w: no code", ErrRefused)
	}
	known, config, err := p.door(ctx)
	if err != nil {
		return "", "", err
	}
	ctx = oidc.ClientContext(ctx, p.client)
	token, err := config.Exchange(ctx, back.Get("code"), oauth2.VerifierOption(a.Verifier))
	if err != nil {
		return "", "", fmt.Errorf("%w: code not exchanged: %w", ErrRefused, err)
	}
	raw, _ := token.Extra("id_token").(string)
	vouched, err := known.VerifierContext(ctx, &oidc.Config{ClientID: p.cfg.ClientID, Now: func() time.Time { return now }}).Verify(ctx, raw)
	if err != nil {
		return "", "", fmt.Errorf("%w: %w", ErrRefused, err)
	}
	if !secret.Same(vouched.Nonce, a.Nonce) || vouched.Subject == "" {
		return "", "", fmt.Errorf("%w: nonce or subject", ErrRefused)
	}
	if a.Again && !fresh(vouched, a) {
		return "", "", fmt.Errorf("%w: it didn't ask for the password again", ErrRefused)
	}
	return vouched.Issuer, vouched.Subject, nil
}

// fresh tells whether the provider says that it asked for the password since the attempt began; its clock may differ a little.
func fresh(vouched *oidc.IDToken, a Attempt) bool {
	var claims struct {
		At int64 `json:"auth_time"`
	}
	return vouched.Claims(&claims) == nil && time.Unix(claims.At, 0).After(a.Begun.Add(-freshWithin))
}

// door finds out where the provider's doors are, once.
func (p *Provider) door(ctx context.Context) (*oidc.Provider, *oauth2.Config, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known == nil {
		// Its keys are fetched later, by other requests than this one.
		known, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), p.client), p.cfg.Issuer)
		if err != nil {
			return nil, nil, fmt.Errorf("identity provider: %w", err)
		}
		p.known = known
	}
	return p.known, &oauth2.Config{
		ClientID: p.cfg.ClientID, ClientSecret: p.cfg.Secret, Endpoint: p.known.Endpoint(), RedirectURL: p.cfg.Callback, Scopes: []string{oidc.ScopeOpenID},
	}, nil
}
