// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"crypto/rsa"
	"log/slog"
	"net/http"
	"time"

	"github.com/koogate/koogate/koogallery/clock"
	"github.com/koogate/koogate/koogallery/seal"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	"github.com/koogate/koogate/koogallery/simulator/market"
	"github.com/koogate/koogate/koogallery/simulator/rehearsal"
)

// Config configures a Simulator. FacadeURL, AccessKey and Clock are
// required; everything else has a default.
type Config struct {
	// FacadeURL is the seller's production address, to which every call goes,
	// for example http://127.0.0.1:8080/produce/demo. http or https. V1 needs it
	// without a query.
	FacadeURL string

	// AccessKey is the key bound to that address; it signs the calls, and verifies
	// the seller's usage pushes (open-apis §3.2).
	AccessKey string

	// KitKey is the key bound to the Kit addresses below it; it signs the Kit's
	// calls (kit §A.10). Default: AccessKey.
	KitKey string

	// EncryptType is the cipher of mobilePhone and email in V1 calls, chosen when
	// the product was published (saas-v1 §2.4). Default: seal.AES256.
	EncryptType seal.EncryptType

	// PublicKey is the key that the seller uploaded for its application
	// credential: it encrypts the clientSecret (kit §A.10). Only the joint
	// families need it.
	PublicKey *rsa.PublicKey

	// Credentials are the AK/SK with which the seller calls the open APIs of
	// Handler. Without them every such request is refused.
	Credentials sign.Credentials

	// HTTPClient makes the calls. Redirects are never followed, whatever it
	// says. Default: a client of the simulator's own.
	HTTPClient *http.Client

	// Clock is the time of everything that the simulator does and waits for, the
	// deadlines of its calls included.
	Clock clock.Clock

	// NewID returns a string that it never returned before; nonces, business
	// ids and order ids are derived from it. Default: from crypto/rand.
	NewID func() string

	// Strict makes the simulator take the stricter reading where the documents
	// leave one: query order refuses orders that were not placed here, a Life fails
	// if a metered instance shows no usage, and a usage push has to be signed over
	// its sorted body.
	Strict bool

	// Timeout is how long one call may take. Default: wire.DefaultTimeout.
	Timeout time.Duration

	// V1Timeout is the same for the calls of V1, GET and Kit. Default:
	// wire.DefaultV1Timeout.
	V1Timeout time.Duration

	// Retry says how failed calls are repeated. Default: market.DocumentedRetry.
	Retry market.RetryProfile

	// Poll says how often queryInstance is asked after a newInstance, and for
	// how long. Default: market.DocumentedPoll.
	Poll market.Schedule

	// Products replaces single entries of catalogue.DemoProducts.
	Products map[catalogue.Kind]catalogue.Product

	// LongTime sends expireTime with 17 digits, as the documents' example does,
	// instead of 14, as their text says (saas-v2 §5.3).
	LongTime bool

	// Readings choose between readings that contradict each other.
	Readings Readings

	// DialCases replaces the saved debugging cases of DialTest.
	DialCases []rehearsal.Case

	// UsageAKSK makes the new usage interface demand AK/SK on top of its own
	// signature; otherwise AK/SK is checked if it is there (open-apis §3.2).
	UsageAKSK bool

	// OldUsageCodes makes the new usage interface answer as the documents of 2023
	// have it: MKT codes, and abnormal records only in the seller centre (open-apis
	// §3.6, §3.7).
	OldUsageCodes bool

	// Assets is what the asset interface knows. Default: catalogue.DemoAssets.
	Assets []catalogue.Asset

	// MaxOrders, MaxCalls and MaxUsage bound the memory. Defaults:
	// market.DefaultMaxOrders, market.DefaultMaxCalls, market.DefaultMaxUsage. Old entries are forgotten
	// first, orders only when nothing is pending for them, usage records only when
	// they are billed and too old to be reported again; without room a push fails
	// with an internal error.
	MaxOrders int
	MaxCalls  int
	MaxUsage  int

	// Log receives one line per call, without bodies, keys and personal data.
	// Default: nothing is logged.
	Log *slog.Logger

	// OnCall is told of every call after its answer. It runs on the goroutine
	// that made the call, without locks held, and should return soon.
	OnCall func(market.Call)
}
