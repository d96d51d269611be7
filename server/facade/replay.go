// SPDX-License-Identifier: Apache-2.0

package facade

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/server/access"
	"github.com/koogate/koogate/server/facade/wirejson"
)

// Kept is a call that was verified and answered, as the journal keeps it.
type Kept struct {
	CallID, Seller, Endpoint string
	Door, Activity           string // as record told them
	Body                     []byte
	Key                      string // that verified it, never shown; empty for the first that counts now
}

// Replayed is the answer to a call that was let in again.
type Replayed struct {
	CallID  string // of its own record; empty when there is none
	Code    resultcode.Code
	Message string
	Fine    bool // the answer is no failure
}

// Errors of Replay.
var (
	// ErrNoAddress says that the seller has no such endpoint any more, or that it does not serve what the call asks for.
	ErrNoAddress = errors.New("facade: the address is not served")
	// ErrNoCaller says that the context names nobody in whose name the call would be let in.
	ErrNoCaller = errors.New("facade: nobody is known to make the call")
)

// Replay lets a call in again, in the name of the context's caller, which its events then name. It arrives now and takes the way of every
// call from behind the verification on: the same locks, rpcs, records and span. Nobody is sent its answer. Errors: ErrNoAddress, ErrNoCaller.
func (f *Facade) Replay(ctx context.Context, k Kept) (Replayed, error) {
	p, ok := access.From(ctx)
	if !ok || p.Seller != k.Seller {
		return Replayed{}, ErrNoCaller
	}
	p.Scopes = append(slices.Clone(p.Scopes), access.Marketplace)
	x, err := f.again(access.With(ctx, p), &k)
	if err != nil {
		return Replayed{}, err
	}
	defer f.end(x)
	x.run()
	var answer wirejson.Object
	if err := answer.Parse(x.out); err != nil {
		return Replayed{}, err
	}
	return Replayed{CallID: x.recorded, Code: x.code, Message: answer.Text("resultMsg"), Fine: x.fine()}, nil
}

// nobody is sent an answer that nobody waits for.
type nobody struct{}

var _ http.ResponseWriter = nobody{}

// Header implements http.ResponseWriter.
func (nobody) Header() http.Header { return http.Header{} }

// Write implements http.ResponseWriter.
func (nobody) Write(p []byte) (int, error) { return len(p), nil }

// WriteHeader implements http.ResponseWriter.
func (nobody) WriteHeader(int) {}
