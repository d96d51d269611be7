// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	jose "github.com/go-jose/go-jose/v4"
)

const (
	fetchLimit   = 5 * time.Second // of the discovery document and the keys together
	connectLimit = 3 * time.Second
	maxDocument  = 256 << 10 // bytes, of each of the two
	maxHeader    = 16 << 10  // bytes, of the header of an answer
	maxKeys      = 100
	maxHops      = 4 // calls for one document, redirects among them
	minRSA       = 2048
	maxRSA       = 8192 // bits; verifying takes longer the more there are
)

// Caller calls addresses that others have chosen, and no private ones ([outbound.Guard]). It does not follow redirects.
type Caller interface {
	Do(*http.Request) (*http.Response, error)
}

// fetcher gets an issuer's keys. Hosts that the configuration names may be anywhere, as login services often are in one's own network;
// what the issuer refers to elsewhere is called like any address that others have chosen.
type fetcher struct {
	issuer Issuer
	named  map[string]bool // host:port as a URL has it
	own    Caller          // calls named hosts by https
	here   Caller          // calls them by http, on this machine only
	others Caller
}

func newFetcher(i Issuer, others Caller, tlsConfig *tls.Config) *fetcher {
	f := &fetcher{issuer: i, named: map[string]bool{}, others: others}
	for _, text := range []string{i.Issuer, i.JWKSURL} {
		if u, err := url.Parse(text); err == nil {
			f.named[u.Host] = true
		}
	}
	f.own = client(&http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: tlsConfig, ForceAttemptHTTP2: true}, nil)
	f.here = client(&http.Transport{}, func(_, address string, _ syscall.RawConn) error {
		if at, err := netip.ParseAddrPort(address); err != nil || !at.Addr().Unmap().IsLoopback() {
			return errors.New("http:// is spoken with this machine only")
		}
		return nil
	})
	return f
}

// client makes single calls within bounds and follows no redirect.
func client(t *http.Transport, control func(network, address string, c syscall.RawConn) error) *http.Client {
	t.DialContext = (&net.Dialer{Timeout: connectLimit, Control: control}).DialContext
	t.TLSHandshakeTimeout, t.MaxResponseHeaderBytes = connectLimit, maxHeader
	t.DisableKeepAlives = true // there are two calls in ten minutes
	return &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// keys asks the issuer where its keys are, unless that is configured, and fetches them.
func (f *fetcher) keys(ctx context.Context) (keyset, error) {
	at := f.issuer.JWKSURL
	if at == "" {
		var said struct {
			Issuer  string `json:"issuer"`
			JWKSURI string `json:"jwks_uri"`
		}
		if err := f.get(ctx, strings.TrimSuffix(f.issuer.Issuer, "/")+"/.well-known/openid-configuration", &said); err != nil {
			return nil, fmt.Errorf("discovery: %w", err)
		}
		switch {
		case said.Issuer != f.issuer.Issuer:
			return nil, fmt.Errorf("discovery: the document is of the issuer %.200q: enter that as issuer, to the letter", said.Issuer)
		case !Usable(strings.SplitN(said.JWKSURI, "?", 2)[0]) || f.refused(said.JWKSURI):
			return nil, errors.New("discovery: jwks_uri is no usable address of https")
		}
		at = said.JWKSURI
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := f.get(ctx, at, &set); err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	return readKeys(set.Keys)
}

// refused says whether an issuer that speaks https refers to one that does not.
func (f *fetcher) refused(text string) bool {
	return strings.HasPrefix(f.issuer.Issuer, "https:") && !strings.HasPrefix(text, "https:")
}

// readKeys are the public keys of a set that can verify tokens. What else is in it, or cannot be read, is left out: sets also hold keys for
// encryption, and of kinds that are yet to be invented.
func readKeys(list []json.RawMessage) (keyset, error) {
	if len(list) > maxKeys {
		return nil, fmt.Errorf("keys: more than %d", maxKeys)
	}
	s := keyset{}
	for _, raw := range list {
		var k jose.JSONWebKey
		if k.UnmarshalJSON(raw) != nil || !k.Valid() || !k.IsPublic() || k.Use != "" && k.Use != "sig" || !strong(k.Key) {
			continue
		}
		s[k.KeyID] = append(s[k.KeyID], k)
	}
	if len(s) == 0 {
		return nil, errors.New("keys: none that can verify a token")
	}
	return s, nil
}

// strong says whether a key is of a kind that is used, and of a length that is neither too weak nor too dear.
func strong(key any) bool {
	switch k := key.(type) {
	case *rsa.PublicKey:
		return k.N.BitLen() >= minRSA && k.N.BitLen() <= maxRSA
	case *ecdsa.PublicKey, ed25519.PublicKey:
		return true
	}
	return false
}

// get reads a JSON document, also after redirects, which lead to https only.
func (f *fetcher) get(ctx context.Context, at string, into any) error {
	u, err := url.Parse(at)
	for hop := 0; err == nil; hop++ {
		if hop == maxHops {
			return errors.New("redirected too often")
		}
		if hop > 0 && u.Scheme != "https" {
			return errors.New("redirected to an address that is not https")
		}
		var next *url.URL
		if next, err = f.step(ctx, u, into); next == nil {
			return err
		}
		u = next
	}
	return errors.New("no address")
}

// step makes one call; next is where it is redirected to.
func (f *fetcher) step(ctx context.Context, u *url.URL, into any) (next *url.URL, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return nil, errors.New("no usable address")
	}
	req.Header.Set("Accept", "application/json")
	caller := f.others
	switch {
	case f.named[u.Host] && u.Scheme == "http":
		caller = f.here
	case f.named[u.Host]:
		caller = f.own
	}
	resp, err := caller.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode >= 300 && resp.StatusCode < 400 && resp.Header.Get("Location") != "":
		if next, err = u.Parse(resp.Header.Get("Location")); err != nil {
			return nil, errors.New("redirected to no usable address")
		}
		return next, nil
	case resp.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("answered with HTTP %d", resp.StatusCode)
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxDocument+1))
	switch {
	case err != nil:
		return nil, err
	case len(text) > maxDocument:
		return nil, fmt.Errorf("the document is longer than %d bytes", maxDocument)
	case json.Unmarshal(text, into) != nil:
		return nil, errors.New("the document is no JSON of the expected form")
	}
	return nil, nil
}
