// SPDX-License-Identifier: Apache-2.0

package lives

import (
	"context"
	"errors"
	"time"

	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/licence"
)

// market answers what Koogate asks the marketplace.
type market struct {
	facts  map[string]fulfil.OrderFacts // by order
	mute   bool                         // the next order query fails
	during func()                       // happens while the next answer is on its way; nil for nothing

	trouble trouble          // of the next push of usage
	bills   map[string]*bill // by instance
}

func newMarket() *market {
	return &market{facts: map[string]fulfil.OrderFacts{}, bills: map[string]*bill{}}
}

// QueryOrder implements fulfil.Marketplace. The answer is fixed before what happens during the query.
func (m *market) QueryOrder(_ context.Context, _, orderID, _ string) (fulfil.OrderFacts, error) {
	if m.mute {
		m.mute = false
		return fulfil.OrderFacts{}, &fulfil.QueryError{Retryable: true, Code: "NETWORK"}
	}
	f, ok := m.facts[orderID]
	m.meanwhile()
	if !ok {
		return fulfil.OrderFacts{}, &fulfil.QueryError{Code: "91010003"}
	}
	return f, nil
}

// meanwhile lets happen what happens while an answer is on its way.
func (m *market) meanwhile() {
	if during := m.during; during != nil {
		m.during = nil
		during()
	}
}

// errNotLived is what parts of the marketplace answer that no life comes to.
var errNotLived = errors.New("lives: no life comes here")

// UploadLicence implements fulfil.Marketplace.
func (*market) UploadLicence(context.Context, string, string, fulfil.Licence) error {
	return errNotLived
}

// ActivateCode implements licence.Codes.
func (*market) ActivateCode(context.Context, string, string, time.Time) (licence.Facts, error) {
	return licence.Facts{}, errNotLived
}

// QueryCode implements licence.Codes.
func (*market) QueryCode(context.Context, string, string) (licence.Facts, error) {
	return licence.Facts{}, errNotLived
}

// ReportUse implements licence.Codes.
func (*market) ReportUse(context.Context, string, []licence.CodeUse) ([]licence.RefusedUse, int, error) {
	return nil, 0, errNotLived
}
