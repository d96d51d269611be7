// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/koogate/koogate/server/outbound"
)

// DefaultBudget is how long a call may take.
const DefaultBudget = 5 * time.Second

// maxAnswer bounds an answer, in bytes.
const maxAnswer = 64 << 10

// Guard says whom to call; [outbound.Guard] is one.
type Guard interface {
	Check(u *url.URL) error
	Do(r *http.Request) (*http.Response, error)
}

// Config configures a Client. Guard is required.
type Config struct {
	Guard  Guard
	Rules  []Rule        // the first that fits counts; OneAccess for the rest
	Budget time.Duration // of one call; default DefaultBudget
	// Suffixes are the ends of host names that tenants may have, as in Rule; none for every public one.
	Suffixes []string
}

// Client speaks to authentication centres. Safe for concurrent use.
type Client struct{ cfg Config }

// ErrConfig says that a Config cannot be used.
var ErrConfig = errors.New("unusable configuration of the login's client")

// New returns a client. It makes no call. Errors: ErrConfig.
func New(cfg Config) (*Client, error) {
	if cfg.Guard == nil || cfg.Budget < 0 {
		return nil, fmt.Errorf("%w: Guard is missing or Budget below 0", ErrConfig)
	}
	for i, r := range cfg.Rules {
		if err := r.Check(); err != nil {
			return nil, fmt.Errorf("%w: rule %d: %w", ErrConfig, i+1, err)
		}
	}
	cfg.Budget = cmp.Or(cfg.Budget, DefaultBudget)
	return &Client{cfg}, nil
}

// Secret is a secret that no printed form shows.
type Secret string

const redacted = "[redacted]"

// Format implements fmt.Formatter and prints nothing of the content.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue implements slog.LogValuer with a constant text.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText returns a constant text.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Tenant is what the directory knows of a tenant's login for one application.
type Tenant struct {
	ID       string // tenantId
	Code     string // tenantCode, which OrgID calls tenant
	Domain   string // domainName, with scheme
	ClientID string
	Secret   Secret // decrypted
	Callback string // as registered: redirect_uri and service
}

// at is the address of a path of a tenant's centre, and how it is spoken to.
func (c *Client) at(t Tenant, path func(Dialect) string) (*url.URL, Dialect, error) {
	own, err := url.Parse(t.Domain)
	if err != nil || own.Host == "" {
		return nil, Dialect{}, &Fault{Kind: Address}
	}
	host := strings.ToLower(own.Hostname())
	d := OneAccess()
	for _, r := range c.cfg.Rules {
		if r.matches(host) {
			d = r.Dialect
			break
		}
	}
	base := own
	if d.Common != "" {
		if base, err = url.Parse(d.Common); err != nil { // Check has read it
			return nil, d, &Fault{Kind: Address}
		}
	} else if len(c.cfg.Suffixes) > 0 && !c.suffix(host) {
		return nil, d, &Fault{Kind: Address}
	}
	u := &url.URL{Scheme: base.Scheme, User: base.User, Host: base.Host, Path: path(d)}
	if c.cfg.Guard.Check(u) != nil {
		return nil, d, &Fault{Kind: Address}
	}
	return u, d, nil
}

func (c *Client) suffix(host string) bool {
	for _, s := range c.cfg.Suffixes {
		if (Rule{Suffix: s}).matches(host) {
			return true
		}
	}
	return false
}

// answer is what a centre said.
type answer struct {
	status int
	body   []byte
}

// call makes one call within the budget.
func (c *Client) call(ctx context.Context, t Tenant, d Dialect, method string, u *url.URL, form url.Values, header http.Header) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Budget)
	defer cancel()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(ctx, method, u.String(), body)
	if err != nil {
		return answer{}, &Fault{Kind: Address}
	}
	for name, values := range header {
		r.Header[name] = values
	}
	r.Header.Set("Accept", "application/json")
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if d.Common != "" {
		r.Header.Set("X-tenant-id", t.ID)
		r.Header.Set("X-client-id", t.ClientID)
	}
	said, err := c.cfg.Guard.Do(r)
	if err != nil {
		return answer{}, &Fault{Kind: whyNot(ctx, err)}
	}
	defer said.Body.Close()
	text, err := io.ReadAll(io.LimitReader(said.Body, maxAnswer+1))
	switch {
	case err != nil:
		return answer{}, &Fault{Kind: whyNot(ctx, err), Status: said.StatusCode}
	case said.StatusCode >= 500 || said.StatusCode == http.StatusTooManyRequests:
		return answer{}, &Fault{Kind: Busy, Status: said.StatusCode}
	case len(text) > maxAnswer:
		return answer{}, &Fault{Kind: Malformed, Status: said.StatusCode}
	}
	return answer{said.StatusCode, text}, nil
}

// whyNot is the kind of a call without an answer. The error itself holds the address, and in it a ticket: nobody is told of it.
func whyNot(ctx context.Context, err error) Kind {
	switch outbound.Why(ctx, err) {
	case outbound.Forbidden:
		return Address
	case outbound.TLS:
		return TLS
	case outbound.Timeout:
		return Timeout
	default:
		return Unreachable
	}
}
