// SPDX-License-Identifier: Apache-2.0

package openapi

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/koogate/koogate/koogallery/simulator/market"
	"github.com/koogate/koogate/koogallery/wiretime"
)

// wireLicense is an answer with data.
type wireLicense struct {
	Code    string `json:"error_code"`
	Message string `json:"error_msg"`
	Data    any    `json:"data,omitempty"`
}

// wireCode is what an activation tells. Its text is a string in the answer.
type wireCode struct {
	Status     string `json:"status"`
	ExpireTime string `json:"expire_time"`
	ProductID  string `json:"product_id"`
	Amount     int    `json:"amount"`
	OrderID    string `json:"order_id"`
}

type wireCodeInfo struct {
	License string `json:"license,omitempty"` // of a batch only
	Info    string `json:"license_code_info"`
}

// wireLicenseInfo is what a query tells. What follows product_name was not seen.
type wireLicenseInfo struct {
	Code         string `json:"license_code"`
	Status       string `json:"status"`
	ActivateTime string `json:"activate_time"`
	ExpireTime   string `json:"expire_time"`
	ProductName  string `json:"product_name"`
	ProductID    string `json:"product_id"`
}

// wireUsageFailure is a rejected entry of the software usage.
type wireUsageFailure struct {
	License string `json:"license"`
	Code    string `json:"error_code"`
	Message string `json:"error_msg"`
}

// codeInfo is what an activation tells of a code.
func codeInfo(l market.License) string {
	return plain(wireCode{string(l.Status), wiretime.Format14(l.ExpireTime), l.ProductID, l.Amount, l.OrderID})
}

// licenseInfo is what a query tells of a code.
func licenseInfo(l market.License) wireLicenseInfo {
	return wireLicenseInfo{
		l.Code, string(l.Status), wiretime.Format14(l.ActivatedAt), wiretime.Format14(l.ExpireTime), l.ProductName, l.ProductID,
	}
}

// plain prints texts and numbers as JSON without HTML escapes.
func plain(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil { // texts and numbers cannot fail
		panic(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// refuseCodeFor is how the market's objection to a code is answered.
func refuseCodeFor(err error) *refusal {
	switch {
	case errors.Is(err, market.ErrCode):
		return &refuseCode
	case errors.Is(err, market.ErrCodeState):
		return &refuseState
	case errors.Is(err, market.ErrCodeReceived):
		return &refuseReceived
	case errors.Is(err, market.ErrCodeInactive):
		return &refuseInactive
	case errors.Is(err, market.ErrCodeEffect):
		return &refuseLicense
	default:
		return &refuseLicenseBug
	}
}
