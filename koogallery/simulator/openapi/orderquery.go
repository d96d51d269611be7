// SPDX-License-Identifier: Apache-2.0

package openapi

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"unicode/utf8"

	"github.com/koogate/koogate/koogallery/openapi"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	"github.com/koogate/koogate/koogallery/simulator/market"
)

const (
	maxQueryBody = 64 << 10
	requestIDLen = 32
)

// requestID returns an id like the gateway's.
func (s *Server) requestID() string { return catalogue.Token(s.cfg.NewID())[:requestIDLen] }

// orderQuery is the open API "query order" (open-apis §2).
func (s *Server) orderQuery(w http.ResponseWriter, r *http.Request) (reply, *refusal) {
	answer, refused := s.queryAnswer(w, r)
	if refused != nil {
		return reply{}, refused
	}
	s.market.CountQuery(answer.OrderInfo.OrderID)
	return reply{status: http.StatusOK, code: answer.ResultCode, body: answer}, nil
}

func (s *Server) queryAnswer(w http.ResponseWriter, r *http.Request) (*wireAnswer, *refusal) {
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
	return wireSale(o), nil
}

// authenticate checks AK/SK as the gateway does: a signature or clock that is
// wrong is the gateway's error, a key that nobody knows the marketplace's.
func (s *Server) authenticate(r *http.Request, body []byte) *refusal {
	keys := s.cfg.Credentials
	_, err := sign.VerifyRequest(r, body, func(accessKey string) (string, bool) {
		return keys.SecretKey, accessKey == keys.AccessKey && accessKey != ""
	}, s.market.MarketNow(), sign.DefaultRequestSkew)
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
func (s *Server) lookUp(orderID, lineID string) (market.Sale, *refusal) {
	for _, mock := range openapi.MockOrders() {
		if mock.OrderID == orderID {
			return s.market.Mock(mock), nil
		}
	}
	found, err := s.market.Sale(orderID)
	switch {
	case err == nil:
		return found, nil
	case s.cfg.Strict || !catalogue.IsOrderID(orderID):
		return market.Sale{}, &refuseForeign
	default:
		return s.market.Invented(orderID, lineID), nil
	}
}
