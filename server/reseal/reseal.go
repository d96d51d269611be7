// SPDX-License-Identifier: Apache-2.0

package reseal

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/koogate/koogate/server/evidence"
	"github.com/koogate/koogate/server/vault"
	"github.com/koogate/koogate/store"
)

// batch is how many values are read and replaced at a time: short enough that nobody waits for it.
const batch = 200

// Count is what a pass over one column met.
type Count struct {
	Column     string
	Values     int64            // sealed values
	Resealed   int64            // those that were sealed anew
	Unreadable int64            // those that do not open, or are bound to another row
	ByKey      map[uint32]int64 // how many values each key has, as they were met
}

// Run seals every value anew that another key than primary has sealed. Progress is told after every batch; may be nil.
func Run(ctx context.Context, st store.Sealed, v *vault.Vault, primary uint32, progress func(Count)) ([]Count, error) {
	return pass(ctx, st, progress, func(c *Count, col store.SealedColumn, value store.SealedValue, key uint32) (*store.Resealed, error) {
		if key == primary && value.Text != nil {
			return nil, nil
		}
		context := contextOf(col, value)
		plain, err := v.Open(textOf(value), context)
		if err != nil {
			c.Unreadable++
			return nil, nil //nolint:nilerr // it is counted, and the others go on
		}
		sealed, err := v.Seal(plain, context)
		if err != nil {
			return nil, err
		}
		return &store.Resealed{Key: value.Key, Old: value.Text, New: sealed}, nil
	})
}

// Survey counts the values of every column by their keys and changes nothing.
func Survey(ctx context.Context, st store.Sealed, progress func(Count)) ([]Count, error) {
	return pass(ctx, st, progress, func(*Count, store.SealedColumn, store.SealedValue, uint32) (*store.Resealed, error) { return nil, nil })
}

// pass goes through all columns in batches; f says what a value is to be replaced by, nil for nothing.
func pass(ctx context.Context, st store.Sealed, progress func(Count),
	f func(c *Count, col store.SealedColumn, value store.SealedValue, key uint32) (*store.Resealed, error),
) (counts []Count, err error) {
	for _, col := range store.SealedColumns {
		c := Count{Column: col.Name(), ByKey: map[uint32]int64{}}
		var after []any
		for {
			values, err := st.SealedValues(ctx, col, after, batch)
			if err != nil {
				return nil, err
			}
			var anew []store.Resealed
			for _, value := range values {
				after = value.Key
				key, ok := vault.KeyOf(textOf(value))
				c.Values++
				if !ok {
					c.Unreadable++
					continue
				}
				c.ByKey[key]++
				r, err := f(&c, col, value, key)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", c.Column, err)
				}
				if r != nil {
					anew = append(anew, *r)
				}
			}
			if len(anew) > 0 {
				n, err := st.Reseal(ctx, col, anew)
				if err != nil {
					return nil, err
				}
				c.Resealed += int64(n)
			}
			if progress != nil && len(values) > 0 {
				progress(c)
			}
			if len(values) < batch {
				break
			}
		}
		counts = append(counts, c)
	}
	return counts, nil
}

// textOf is the sealed value, also of an event of an earlier release, which has it in its data.
func textOf(v store.SealedValue) []byte {
	if v.Text != nil || len(v.Also) < 3 {
		return v.Text
	}
	var data struct {
		ExtraSealed string `json:"extraSealed"`
	}
	if json.Unmarshal([]byte(v.Also[2]), &data) != nil {
		return nil
	}
	text, err := base64.StdEncoding.DecodeString(data.ExtraSealed)
	if err != nil {
		return nil
	}
	return text
}

// contextOf is what a value is bound to, as the package that sealed it says; TestEveryColumnIsSealedAnew holds it to them.
func contextOf(c store.SealedColumn, v store.SealedValue) string {
	text := func(i int) string {
		if i >= len(v.Key) {
			return ""
		}
		s, _ := v.Key[i].(string)
		return s
	}
	seller, second := text(0), text(1) // or the one column of the key
	switch c.Name() {
	case "orders.buyer":
		return "buyer/" + seller + "/" + second
	case "order_lines.extra":
		return "line/" + seller + "/" + second + "/" + text(2) + "/" + text(4)
	case "order_lines.input", "order_lines.result":
		return c.Column + "/" + seller + "/" + second + "/" + text(2) + "/" + text(3) + "/" + text(4)
	case "instances.access":
		return "access/" + seller + "/" + second
	case "applications.client_secret":
		return "directory/secret/" + v.Also[0]
	case "users.profile":
		return "directory/profile/" + v.Also[0]
	case "licence_codes.code":
		return "licence/code/" + seller + "/" + second
	case "seller_keys.secret":
		return "seller/key/" + seller + "/" + second
	case "webhooks.secret", "webhooks.older_secret":
		return "webhook/secret/" + seller + "/" + second
	case "login_applications.test":
		return store.LoginApplicationContext(seller)
	case "login_requests.held":
		return store.LoginRequestContext(seller)
	case "login_sessions.upstream":
		return store.LoginSessionContext(seller)
	case "login_keys.private":
		number, _ := v.Key[0].(int64)
		return store.SigningKeyContext(number)
	case "call_bodies.sealed":
		return "call/" + seller + "/" + text(2)
	case "events.sealed":
		return evidence.SealContext(&store.Event{Seller: seller, OrderID: second, Kind: v.Also[0], InstanceID: v.Also[1], Data: v.Also[2]})
	}
	panic("reseal: no context for " + c.Name())
}
