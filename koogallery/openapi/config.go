// SPDX-License-Identifier: Apache-2.0

package openapi

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/koogate/koogate/koogallery/sign"
)

// Defaults of Config.
const (
	// DefaultTimeout bounds one attempt, from dialling to the last byte.
	DefaultTimeout = 10 * time.Second

	// DefaultMaxResponse bounds the body of an answer, in bytes after decompression.
	DefaultMaxResponse int64 = 1 << 20

	// dialTimeout leaves room inside DefaultTimeout to notice a dead host.
	dialTimeout = 4 * time.Second
)

// ErrConfig says that a Config is unusable; the text tells which field.
var ErrConfig = errors.New("openapi: unusable configuration")

// Config configures a Client.
type Config struct {
	// Site selects the documented hosts, main and fallback. Either Site or
	// BaseURL is required.
	Site Site

	// BaseURL overrides the main address of Site: scheme, host and an optional
	// path prefix. It must be https, or http to a loopback host.
	BaseURL string

	// FallbackBaseURL is tried once when no connection to the main address can
	// be made. Empty means the fallback of Site if BaseURL is empty too, else none.
	FallbackBaseURL string

	// NoFallback names the interfaces that never go to the fallback host: the pages
	// disagree about which of them have it (third-reading T37). Empty means that all do.
	NoFallback []API

	// Credentials sign the requests. Required.
	Credentials sign.Credentials

	// UsageKey is the access key that the seller bound to the base interface. It
	// makes the header signature of PushUsage (open-apis §3.2) and is required for
	// that call only. It is not the SK of Credentials.
	UsageKey string

	// UsageWithoutAKSK leaves AK/SK out of PushUsage. The documents are unclear
	// about whether the gateway wants both signatures, so both are sent by default.
	UsageWithoutAKSK bool

	// HTTPClient carries the requests. It is copied, and the copy follows no
	// redirects and keeps no cookies. A transport that skips the verification of
	// certificates is refused. Nil means a client of its own, with TLS 1.2 or
	// later and the proxy of the environment.
	HTTPClient *http.Client

	// Now returns the present time for the signature. Required.
	Now func() time.Time

	// Timeout bounds one attempt. Zero means DefaultTimeout. With a fallback
	// host a call can take twice as long; bound it with the context.
	Timeout time.Duration

	// MaxResponse bounds the body of an answer in bytes. Zero means DefaultMaxResponse.
	MaxResponse int64
}

// New returns a client. It opens no connection. Errors match ErrConfig and
// repeat neither addresses nor keys.
func New(cfg Config) (*Client, error) {
	main, fallback, err := cfg.addresses()
	if err != nil {
		return nil, err
	}
	switch {
	case slices.ContainsFunc(cfg.NoFallback, func(a API) bool { return !a.Known() }):
		return nil, fmt.Errorf("%w: NoFallback names an unknown interface", ErrConfig)
	case cfg.Now == nil:
		return nil, fmt.Errorf("%w: Now is required", ErrConfig)
	case cfg.Timeout < 0:
		return nil, fmt.Errorf("%w: Timeout is negative", ErrConfig)
	case cfg.MaxResponse < 0:
		return nil, fmt.Errorf("%w: MaxResponse is negative", ErrConfig)
	}
	// A trial signature finds unusable keys now rather than at the first order.
	trial := &http.Request{Method: http.MethodGet, URL: main, Host: main.Host}
	if err := sign.SignRequest(trial, nil, cfg.Credentials, time.Unix(0, 0)); err != nil {
		return nil, fmt.Errorf("%w: Credentials: %w", ErrConfig, err)
	}
	httpClient, err := cfg.httpClient()
	if err != nil {
		return nil, err
	}

	c := &Client{
		base:        main,
		fallback:    fallback,
		http:        httpClient,
		timeout:     cfg.Timeout,
		maxResponse: cfg.MaxResponse,
		now:         cfg.Now,
		usageOnly:   cfg.UsageWithoutAKSK,
		mainOnly:    slices.Clone(cfg.NoFallback),
	}
	if c.timeout == 0 {
		c.timeout = DefaultTimeout
	}
	if c.maxResponse == 0 {
		c.maxResponse = DefaultMaxResponse
	}
	// Closures keep the keys out of reach of anything that prints a Client.
	credentials, now := cfg.Credentials, cfg.Now
	c.sign = func(r *http.Request, body []byte) error { return sign.SignRequest(r, body, credentials, now()) }
	if key := cfg.UsageKey; key != "" {
		c.usageSign = func(ts, nonce string, body []byte) string { return sign.UsageSign(key, ts, nonce, body) }
	}
	secrets := []string{credentials.SecretKey, credentials.SecurityToken, credentials.AccessKey, cfg.UsageKey}
	c.scrub = func(s string) string { return scrub(s, secrets) }
	return c, nil
}

const configText = "openapi.Config" + mask

// Format implements fmt.Formatter and prints nothing of the content.
func (Config) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, configText) }

// String returns a constant text.
func (Config) String() string { return configText }

// GoString returns a constant text.
func (Config) GoString() string { return configText }

// LogValue implements slog.LogValuer with a constant text.
func (Config) LogValue() slog.Value { return slog.StringValue(mask) }

func (cfg Config) addresses() (main, fallback *url.URL, err error) {
	mainText, fallbackText := cfg.BaseURL, cfg.FallbackBaseURL
	if mainText == "" {
		if mainText = cfg.Site.BaseURL(); mainText == "" {
			return nil, nil, fmt.Errorf("%w: BaseURL or a known Site is required", ErrConfig)
		}
		if fallbackText == "" {
			fallbackText = cfg.Site.FallbackURL()
		}
	}
	if main, err = parseBase(mainText, "BaseURL"); err != nil || fallbackText == "" {
		return main, nil, err
	}
	fallback, err = parseBase(fallbackText, "FallbackBaseURL")
	return main, fallback, err
}

func parseBase(text, field string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "" || u.Opaque != "":
		return nil, fmt.Errorf("%w: %s is not an absolute URL", ErrConfig, field)
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, fmt.Errorf("%w: %s must hold scheme, host and path only", ErrConfig, field)
	case u.Scheme == "https", u.Scheme == "http" && isLoopback(u.Hostname()):
		return u, nil
	default:
		return nil, fmt.Errorf("%w: %s must be https", ErrConfig, field)
	}
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

func (cfg Config) httpClient() (*http.Client, error) {
	var c http.Client
	if cfg.HTTPClient != nil {
		c = *cfg.HTTPClient
	} else {
		c.Transport = &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DialContext:            (&net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}).DialContext,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:    dialTimeout,
			ForceAttemptHTTP2:      true,
			HTTP2:                  &http.HTTP2Config{SendPingTimeout: 5 * time.Second, PingTimeout: 4 * time.Second}, // gives a silent connection up
			MaxIdleConnsPerHost:    4,
			IdleConnTimeout:        90 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
		}
	}
	if t, ok := c.Transport.(*http.Transport); ok && t != nil && t.TLSClientConfig != nil && t.TLSClientConfig.InsecureSkipVerify {
		return nil, fmt.Errorf("%w: HTTPClient skips the verification of certificates", ErrConfig)
	}
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.Jar = nil
	return &c, nil
}
