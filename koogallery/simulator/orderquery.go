// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"
	"unicode/utf8"

	"github.com/koogate/koogate/koogallery/simulator/catalogue"

	"github.com/koogate/koogate/koogallery/openapi"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/koogallery/wiretime"
)

const (
	maxQueryBody = 64 << 10
	requestIDLen = 32
)

// requestID returns an id like the gateway's.
func (s *Simulator) requestID() string { return catalogue.Token(s.cfg.NewID())[:requestIDLen] }

// orderQuery is the open API "query order" (open-apis §2).
func (s *Simulator) orderQuery(w http.ResponseWriter, r *http.Request) (Reply, *refusal) {
	answer, refused := s.queryAnswer(w, r)
	if refused != nil {
		return Reply{}, refused
	}
	s.book.queried(answer.OrderInfo.OrderID)
	return Reply{status: http.StatusOK, code: answer.ResultCode, body: answer}, nil
}

func (s *Simulator) queryAnswer(w http.ResponseWriter, r *http.Request) (*wireAnswer, *refusal) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxQueryBody))
	if err != nil {
		return nil, &refuseRequest
	}
	if refused := s.authenticate(r, body); refused != nil {
		return nil, refused
	}
	orderID, lineID, refused := queryParams(r.URL.RawQuery)
	if refused != nil {
		return nil, refused
	}
	o, refused := s.lookUp(orderID, lineID)
	if refused != nil {
		return nil, refused
	}
	if lineID != "" && lineID != o.LineID {
		return nil, &refuseRequest // the order has no such line
	}
	return o.wire(), nil
}

// authenticate checks AK/SK as the gateway does: a signature or clock that is
// wrong is the gateway's error, a key that nobody knows the marketplace's.
func (s *Simulator) authenticate(r *http.Request, body []byte) *refusal {
	keys := s.cfg.Credentials
	_, err := sign.VerifyRequest(r, body, func(accessKey string) (string, bool) {
		return keys.SecretKey, accessKey == keys.AccessKey && accessKey != ""
	}, s.MarketNow(), sign.DefaultRequestSkew)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sign.ErrAccessKey):
		return &refuseToken
	default:
		return &refuseGateway
	}
}

// queryParams reads the parameters; unknown, repeated and missing ones are
// refused as open-apis §2.6 says.
func queryParams(raw string) (orderID, lineID string, refused *refusal) {
	query, err := url.ParseQuery(raw)
	if err != nil {
		return "", "", &refuseRequest
	}
	for name, values := range query {
		if (name != "orderId" && name != "orderLineId") || len(values) != 1 {
			return "", "", &refuseParameter
		}
		if !utf8.ValidString(values[0]) || utf8.RuneCountInString(values[0]) > catalogue.MaxID {
			return "", "", &refuseValue
		}
	}
	if orderID = query.Get("orderId"); orderID == "" {
		return "", "", &refuseParameter
	}
	return orderID, query.Get("orderLineId"), nil
}

// lookUp returns an order that was placed here, a mock order, or, unless Strict,
// an invented one.
func (s *Simulator) lookUp(orderID, lineID string) (*order, *refusal) {
	for _, mock := range openapi.MockOrders() {
		if mock.OrderID == orderID {
			return s.mockOrder(mock), nil
		}
	}
	var found order
	err := s.book.with(orderID, func(o *order) error {
		found = *o
		return nil
	})
	switch {
	case err == nil:
		return &found, nil
	case s.cfg.Strict || !catalogue.IsOrderID(orderID):
		return nil, &refuseForeign
	default:
		return s.inventedOrder(orderID, lineID), nil
	}
}

// mockOrder returns what the real service answers for debugging (open-apis
// §2.2). Its content is not documented; it is the same all day.
func (s *Simulator) mockOrder(mock openapi.MockOrder) *order {
	kind := catalogue.Period
	for _, k := range catalogue.Kinds() {
		if k.ChargingMode() == string(mock.ChargingMode) && (k == catalogue.Trial) == (mock.OrderType == openapi.OrderTrial) {
			kind = k
		}
	}
	year, month, day := s.cfg.Clock.Now().In(wiretime.Beijing()).Date()
	o := s.demoOrder(mock.OrderID, kind, time.Date(year, month, day, 0, 0, 0, 0, wiretime.Beijing()))
	o.LineID, o.Type = mock.OrderLineID, mock.OrderType
	if o.Type == openapi.OrderUnsubscribe {
		o.refund()
	}
	return o
}

// inventedOrder returns a one-year order for an id that nobody placed, the same
// for the same id: it was created in the minute that the id names.
func (s *Simulator) inventedOrder(orderID, lineID string) *order {
	created, err := catalogue.MinuteOf(orderID)
	if err != nil {
		created = time.Date(2026, 1, 1, 0, 0, 0, 0, wiretime.Beijing())
	}
	o := s.demoOrder(orderID, catalogue.Period, created)
	if catalogue.IsLineOf(lineID, orderID) {
		o.LineID = lineID
	}
	return o
}

func (s *Simulator) demoOrder(id string, kind catalogue.Kind, created time.Time) *order {
	p := s.cfg.Products[kind]
	return &order{
		Order: Order{
			ID: id, LineID: id + catalogue.FirstLine, RootID: id, Kind: kind, Type: openapi.OrderNew, State: Completed,
			Product: p, CreateTime: created.UTC(), ExpireTime: p.EndAfter(created),
		},
		buyer: catalogue.NewBuyer(id), charge: p.Price, deal: p.Price,
	}
}
