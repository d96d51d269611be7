// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"context"
	"encoding/binary"
	"errors"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/errs/storefault"
	"github.com/koogate/koogate/store"
)

// Sealer seals what is kept; *vault.Vault is one.
type Sealer interface {
	Seal(plain []byte, context string) ([]byte, error)
	Open(sealed []byte, context string) ([]byte, error)
}

const (
	// longestBody is how long the body of a call and its answer may be together to be kept, in bytes.
	longestBody = 64 << 10
	// mostBodies is how many bytes of bodies wait at most; calls beyond are recorded without.
	mostBodies = 16 << 20
)

// What is counted when a body that is short enough cannot be kept, though its call is recorded.
const lostBody = "body"

// Body is what was said in a call. Every text is as it went over the wire but for the request of a call whose parameters came in its address,
// which is written as a JSON object of texts.
type Body struct {
	Door     string // through which it came in, for the facade; empty for a call to the marketplace
	Activity string // that the address names; empty where the body does
	Request  []byte
	Answer   []byte
}

// Encode is what is sealed: each part behind its length.
func (b *Body) Encode() (out []byte) {
	for _, part := range [][]byte{[]byte(b.Door), []byte(b.Activity), b.Request, b.Answer} {
		out = append(binary.AppendUvarint(out, uint64(len(part))), part...)
	}
	return out
}

var errBody = errors.New("journal: what was kept of a call is not what was written")

// decode is the inverse of Encode.
func decode(text []byte) (b Body, err error) {
	next := func() (part []byte) {
		n, used := binary.Uvarint(text)
		if used <= 0 || n > uint64(len(text)-used) {
			err = errBody
			return nil
		}
		part, text = text[used:used+int(n)], text[used+int(n):]
		return part
	}
	b = Body{Door: string(next()), Activity: string(next()), Request: next(), Answer: next()}
	if len(text) > 0 {
		err = errBody
	}
	return b, err
}

// bodyContext is what a sealed body is bound to.
func bodyContext(seller, id string) string { return "call/" + seller + "/" + id }

// keep seals what was said into a row, if bodies are kept and this one may be. It does not wait.
func (j *Journal) keep(c *store.Call, b *Body) {
	if b == nil || !j.Bodies || c.Seller == "" || len(b.Request)+len(b.Answer) > longestBody {
		return
	}
	sealed, err := j.Sealer.Seal(b.Encode(), bodyContext(c.Seller, c.ID))
	if err != nil {
		j.Metrics.CallsUnrecorded(lostBody, 1)
		return
	}
	c.Body = sealed
}

// Body returns what was said in a call of which the record is known. Errors: CALL_NOT_KEPT, STORE_UNAVAILABLE.
func (j *Journal) Body(ctx context.Context, c store.Call) (Body, error) {
	sealed, err := j.Store.CallBody(ctx, c.Seller, c.ID)
	if errors.Is(err, store.ErrNotFound) {
		return Body{}, notKept(c)
	}
	if err != nil {
		return Body{}, storefault.Told(err)
	}
	plain, err := j.Sealer.Open(sealed, bodyContext(c.Seller, c.ID))
	if err != nil {
		return Body{}, errs.New(errs.Precondition, errs.CallNotKept, "what was said in call %s is sealed with a key that the keyset does not have", c.ID)
	}
	return decode(plain)
}

// notKept says why nothing is kept of what was said.
func notKept(c store.Call) error {
	why := "it is longer than 64 KiB or older than calls.bodies says, or the process ended before it was written"
	switch {
	case c.Verdict == store.CallRefused:
		why = "it was refused before any work, so nobody knows who said it"
	case c.Activity == "queryInstance":
		why = "it only looked at an instance, which its record names"
	}
	return errs.New(errs.Precondition, errs.CallNotKept, "what was said in call %s was not kept: %s", c.ID, why)
}
