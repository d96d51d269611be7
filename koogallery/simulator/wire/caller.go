// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/koogate/koogate/koogallery/clock"
	"github.com/koogate/koogate/koogallery/seal"
)

// Defaults of a Config.
const (
	// DefaultTimeout is how long the marketplace waits for an answer (saas-v2 §1).
	DefaultTimeout = 5 * time.Second

	// DefaultV1Timeout is how long it waits for the answer to a V1 call (saas-v1 §1).
	DefaultV1Timeout = 20 * time.Second
)

// ErrConfig says that a Config cannot be used.
var ErrConfig = errors.New("unusable configuration of calls")

// Config configures a Caller. FacadeURL, AccessKey, Clock and NewID are required.
type Config struct {
	FacadeURL   string // the seller's production address, http or https
	AccessKey   string // signs the calls
	KitKey      string // signs the Kit's calls; default: AccessKey
	EncryptType seal.EncryptType
	HTTPClient  *http.Client // redirects are never followed; default: a client of its own
	Clock       clock.Clock
	NewID       func() string
	Timeout     time.Duration // default: DefaultTimeout
	V1Timeout   time.Duration // default: DefaultV1Timeout
	LongTime    bool          // expireTime with 17 digits instead of 14
	Readings    Readings
}

// Caller makes the marketplace's calls to one seller. It is safe for concurrent
// use.
type Caller struct {
	cfg    Config
	client *http.Client
	free   func()
	stamps stamper
}

// New returns a caller. It makes no call. Errors: ErrConfig.
func New(cfg Config) (*Caller, error) {
	u, err := url.Parse(cfg.FacadeURL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, fmt.Errorf("%w: FacadeURL must be an absolute http or https URL", ErrConfig)
	}
	switch {
	case cfg.AccessKey == "":
		return nil, fmt.Errorf("%w: AccessKey is empty", ErrConfig)
	case cfg.Clock == nil || cfg.NewID == nil:
		return nil, fmt.Errorf("%w: Clock and NewID are required", ErrConfig)
	case cfg.EncryptType != "" && cfg.EncryptType != seal.AES256 && cfg.EncryptType != seal.AES128:
		return nil, fmt.Errorf("%w: EncryptType is neither AES256 nor AES128", ErrConfig)
	case cfg.Timeout < 0 || cfg.V1Timeout < 0:
		return nil, fmt.Errorf("%w: a timeout is negative", ErrConfig)
	}
	if err := cfg.Readings.check(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	cfg.KitKey = cmp.Or(cfg.KitKey, cfg.AccessKey)
	cfg.EncryptType = cmp.Or(cfg.EncryptType, seal.AES256)
	cfg.Timeout = cmp.Or(cfg.Timeout, DefaultTimeout)
	cfg.V1Timeout = cmp.Or(cfg.V1Timeout, DefaultV1Timeout)
	c := &Caller{cfg: cfg}
	c.client, c.free = clientOf(cfg.HTTPClient)
	return c, nil
}

// Close closes idle connections. It must not be called during a call.
func (c *Caller) Close() { c.free() }

// Facade returns the seller's production address.
func (c *Caller) Facade() string { return c.cfg.FacadeURL }

// clientOf returns the HTTP client of the calls and a function that frees it.
func clientOf(own *http.Client) (*http.Client, func()) {
	client, release := new(http.Client), func() {}
	if own != nil {
		*client = *own
	} else {
		transport := &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			ForceAttemptHTTP2:   true,
			MaxIdleConnsPerHost: 32,
			IdleConnTimeout:     90 * time.Second,
		}
		client.Transport, release = transport, transport.CloseIdleConnections
	}
	// Success is status 200 and nothing else (saas-v2 §1).
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return client, release
}
