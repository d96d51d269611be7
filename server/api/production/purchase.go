// SPDX-License-Identifier: Apache-2.0

package production

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/koogate/koogate/koogallery/seal"
	"github.com/koogate/koogate/server/call"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/store"
)

// The charging modes of V1 (saas-v1 §1.1).
const (
	modeOnDemand = "0"
	modePeriod   = "1"
	modeOneTime  = "3"
	modePackage  = "5"
)

// chargingMode names a charging mode of V1 as the order query names it; empty stays empty.
func chargingMode(v1 string) string {
	switch v1 {
	case modeOnDemand:
		return "ON_DEMAND"
	case modePeriod:
		return "PERIOD"
	case modeOneTime:
		return "ONE_TIME"
	case modePackage:
		return "ON_DEMAND_PKG"
	}
	return ""
}

// The order types that V1 can tell, as the order query names them.
const (
	orderNew   = "NEW"
	orderTrial = "TRIAL"
)

// purchase is what newInstance and getLicense of V1 both tell.
type purchase interface {
	request
	GetOrderId() string
	GetBusinessId() string
	GetProductId() string
	GetSkuCode() string
	GetChargingMode() string
	GetAmount() string
	GetExpireTime() string
	GetPeriodType() string
	GetPeriodNumber() string
	GetOrderAmount() string
	GetProvisionType() string
	GetCustomerId() string
	GetCustomerName() string
	GetUserId() string
	GetUserName() string
	GetSaasExtendParams() string
	GetExtraJson() string
}

// terms is what the order keeps, sealed, of a V1 purchase: the buyer under the names that the order query's has, and what
// was agreed. Personal data: never print it.
type terms struct {
	MobilePhone  string  `json:"mobilePhone,omitempty"`
	Email        string  `json:"email,omitempty"`
	CustomerID   string  `json:"customerId,omitempty"`
	CustomerName string  `json:"customerName,omitempty"`
	UserID       string  `json:"userId,omitempty"`
	UserName     string  `json:"userName,omitempty"`
	Params       []param `json:"extendParams,omitempty"`

	Amount        string `json:"amount,omitempty"`
	DiskSize      string `json:"diskSize,omitempty"`
	BandWidth     string `json:"bandWidth,omitempty"`
	PeriodType    string `json:"periodType,omitempty"`
	PeriodNumber  string `json:"periodNumber,omitempty"`
	OrderAmount   string `json:"orderAmount,omitempty"`
	ProvisionType string `json:"provisionType,omitempty"`

	// Unread is what could not be read, as it came, by the parameter's name (ADR 15).
	Unread map[string]string `json:"unread,omitempty"`
}

type param struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// extras are the parameters that only newInstance has.
type extras struct {
	orderType           string
	diskSize, bandWidth string
	mobilePhone, email  string // in clear
	unread              map[string]string
}

// unreadable notes that a parameter which only describes cannot be read. The purchase goes on, and the parameter is kept as
// it came (ADR 15).
func (x *extras) unreadable(ctx context.Context, name, text, why string) {
	if x.unread == nil {
		x.unread = make(map[string]string)
	}
	x.unread[name] = text
	c, _ := call.From(ctx)
	c.Repaired(name + ": " + why + ", left out and kept beside")
}

// beside adds what could not be read to the members that the contract does not know, which are kept sealed.
func (x *extras) beside(extraJSON string) string {
	if len(x.unread) == 0 {
		return extraJSON
	}
	more := `"unread":` + params(x.unread) + "}"
	if rest, ok := strings.CutSuffix(extraJSON, "}"); ok && len(rest) > 1 {
		return rest + "," + more
	}
	return "{" + more
}

// params renders texts by their names.
func params(m map[string]string) string {
	text, err := json.Marshal(m)
	if err != nil { // a map of strings cannot fail
		panic(err)
	}
	return string(text)
}

// bought turns a V1 purchase into the core's call, without its lock. Errors: INVALID_FIELD.
func (s *shared) bought(ctx context.Context, ep *fulfil.Endpoint, family string, r purchase, x extras) (fulfil.NewInstance, error) {
	expire, err := parseExpiry(r.GetExpireTime(), s.settings(ep).Location)
	if err != nil { // an estimate: only a call of the marketplace ends the service
		x.unreadable(ctx, "expireTime", r.GetExpireTime(), "not a date and time")
	}
	quantity, disk, band, err := quantities(r.GetAmount(), x.diskSize, x.bandWidth)
	if err != nil {
		return fulfil.NewInstance{}, err
	}
	params := x.extendParams(ctx, r.GetSaasExtendParams())
	in := fulfil.Input{
		CustomerID: r.GetCustomerId(), CustomerName: r.GetCustomerName(), UserID: r.GetUserId(), UserName: r.GetUserName(),
		MobilePhone: x.mobilePhone, Email: x.email, ExtendParams: byName(params), DiskSize: disk, BandWidth: band,
	}
	buyer, err := json.Marshal(terms{
		MobilePhone: in.MobilePhone, Email: in.Email, CustomerID: in.CustomerID, CustomerName: in.CustomerName, UserID: in.UserID,
		UserName: in.UserName, Params: params,
		Amount: r.GetAmount(), DiskSize: x.diskSize, BandWidth: x.bandWidth, PeriodType: r.GetPeriodType(),
		PeriodNumber: r.GetPeriodNumber(), OrderAmount: r.GetOrderAmount(), ProvisionType: r.GetProvisionType(),
		Unread: x.unread,
	})
	if err != nil {
		return fulfil.NewInstance{}, errs.Wrap(err, errs.Internal, errs.InternalFault, "internal error")
	}
	c := fulfil.NewInstance{
		Endpoint: ep, OrderID: r.GetOrderId(), BusinessID: r.GetBusinessId(), Extra: r.GetExtraJson(),
		Family: family, Input: in, Hold: true,
		Told: &fulfil.OrderFacts{
			OrderType: x.orderType,
			Product: store.Product{
				ProductID: r.GetProductId(), SKUCode: r.GetSkuCode(), ChargingMode: chargingMode(r.GetChargingMode()),
				LinearValue: quantity,
			},
			ExpireAt: expire, Buyer: buyer, Terms: termsOf(r),
		},
		Match: map[string]string{
			"productId": r.GetProductId(), "skuCode": r.GetSkuCode(), "chargingMode": r.GetChargingMode(),
		},
	}
	return c, nil
}

// priced is what the paid calls of V1 tell of their order beside the product.
type priced interface {
	GetPeriodType() string
	GetPeriodNumber() string
	GetOrderAmount() string
}

// termsOf is what a V1 call tells of its order. A period number that is not a number is left out, because nothing depends on
// it.
func termsOf(r priced) fulfil.Terms {
	n, err := strconv.ParseInt(r.GetPeriodNumber(), 10, 64)
	if err != nil || n < 0 {
		n = 0
	}
	return fulfil.Terms{PeriodType: r.GetPeriodType(), PeriodNumber: n, DealAmount: r.GetOrderAmount()}
}

// extendParams reads saasExtendParams (saas-v1 §2.5). A parameter that cannot be read is noted and left out.
func (x *extras) extendParams(ctx context.Context, text string) []param {
	list, err := seal.ParseExtendParams(text)
	if err != nil {
		if list, err = mendedParams(text); err != nil {
			x.unreadable(ctx, "saasExtendParams", text, "not a list of names and values in Base64")
			return nil
		}
		c, _ := call.From(ctx)
		c.Repaired("saasExtendParams: not valid Base64 of valid text, mended")
	}
	var params []param
	for _, p := range list {
		params = append(params, param{p.Name, p.Value})
	}
	return params
}

// mendedParams reads extension parameters whose Base64 was wrapped with blanks, or whose text begins with a byte order mark
// or is of another encoding: bytes that are not UTF-8 become U+FFFD.
func mendedParams(text string) ([]seal.Param, error) {
	text = strings.Join(strings.Fields(text), "")
	raw, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(base64Forms.Replace(text), "="))
	if err != nil {
		return nil, err
	}
	plain := strings.ToValidUTF8(strings.TrimPrefix(string(raw), "\ufeff"), "\ufffd")
	return seal.ParseExtendParams(base64.StdEncoding.EncodeToString([]byte(plain)))
}

// byName returns parameters by their names; when two have the same name, the last counts. The result is nil without
// parameters.
func byName(params []param) map[string]string {
	var m map[string]string
	for _, p := range params {
		if m == nil {
			m = make(map[string]string, len(params))
		}
		m[p.Key] = p.Value
	}
	return m
}
