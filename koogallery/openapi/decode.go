// SPDX-License-Identifier: Apache-2.0

package openapi

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/koogate/koogate/koogallery/wiretime"
)

// maxDoubts bounds OrderInfo.Doubts.
const maxDoubts = 32

// DecodeOrder decodes the orderInfo object of an answer (open-apis §2.3). It is
// lenient where the documents disagree or are silent: extendParams on the order
// or on the line, as key/value or name/value; orderLine and productInfo as an
// array or a single object; numbers as numbers or strings; unknown fields and
// enum values kept.
//
// Optional fields that cannot be read are named in OrderInfo.Doubts. What
// provisioning depends on must be readable: an order id, and of each line its id,
// first product, quantity and period. A line of which that is not so is left out,
// named in Doubts and counted in OrderInfo.Unread; it costs none of the others.
// Without an order id or any line that can be read the error matches ErrResponse
// and names the field, without its content.
func DecodeOrder(orderInfo []byte) (*OrderInfo, error) {
	var w struct {
		OrderID      text            `json:"orderId"`
		OrderType    text            `json:"orderType"`
		CreateTime   loose           `json:"createTime"`
		OrderLine    json.RawMessage `json:"orderLine"`
		BuyerInfo    json.RawMessage `json:"buyerInfo"`
		ExtendParams json.RawMessage `json:"extendParams"`
	}
	if err := decodeObject(orderInfo, &w, "orderInfo"); err != nil {
		return nil, err
	}
	if w.OrderID == "" {
		return nil, badField("orderId")
	}
	var d decoder
	o := &OrderInfo{
		OrderID:    string(w.OrderID),
		OrderType:  OrderType(w.OrderType),
		CreateTime: d.time(w.CreateTime, "createTime"),
		Raw:        bytes.Clone(orderInfo),
	}
	lines, ok := oneOrMany(w.OrderLine)
	if !ok || len(lines) == 0 {
		return nil, badField("orderLine")
	}
	o.OrderLines = make([]OrderLine, 0, len(lines))
	var unread error // of the first line that cannot be read
	for i, raw := range lines {
		path := fmt.Sprintf("orderLine[%d]", i)
		var inside decoder
		line, err := inside.line(raw, path)
		if err != nil {
			unread = cmp.Or(unread, err)
			o.Unread++
			d.doubt(path)
			continue
		}
		d.doubt(inside.doubts...)
		o.OrderLines = append(o.OrderLines, line)
	}
	if len(o.OrderLines) == 0 {
		return nil, unread
	}
	o.BuyerInfo = d.buyer(w.BuyerInfo)
	o.ExtendParams = d.extendParams(w.ExtendParams, "extendParams")
	o.Doubts = d.doubts
	return o, nil
}

// decoder collects the fields that could not be read.
type decoder struct{ doubts []string }

func (d *decoder) doubt(paths ...string) {
	d.doubts = append(d.doubts, paths[:min(len(paths), maxDoubts-len(d.doubts))]...)
}

func (d *decoder) time(s loose, path string) time.Time {
	if s == "" {
		return time.Time{}
	}
	t, err := wiretime.Parse(string(s))
	if err != nil {
		d.doubt(path)
	}
	return t
}

func (d *decoder) line(raw json.RawMessage, path string) (OrderLine, error) {
	var w struct {
		OrderLineID           text            `json:"orderLineId"`
		ChargingMode          text            `json:"chargingMode"`
		ExpireTime            loose           `json:"expireTime"`
		PeriodType            loose           `json:"periodType"`
		PeriodNumber          text            `json:"periodNumber"`
		ProductInfo           json.RawMessage `json:"productInfo"`
		Currency              loose           `json:"currency"`
		CurrencyAfterDiscount loose           `json:"currencyAfterDiscount"`
		ExtendParams          json.RawMessage `json:"extendParams"`
	}
	if err := decodeObject(raw, &w, path); err != nil {
		return OrderLine{}, err
	}
	if w.OrderLineID == "" {
		return OrderLine{}, badField(path + ".orderLineId")
	}
	number, ok := count(w.PeriodNumber)
	if !ok {
		return OrderLine{}, badField(path + ".periodNumber")
	}
	products, err := d.products(w.ProductInfo, path+".productInfo")
	if err != nil {
		return OrderLine{}, err
	}
	return OrderLine{
		OrderLineID:           string(w.OrderLineID),
		ChargingMode:          ChargingMode(w.ChargingMode),
		ExpireTime:            d.time(w.ExpireTime, path+".expireTime"),
		PeriodType:            string(w.PeriodType),
		PeriodNumber:          number,
		ProductInfo:           products,
		Currency:              string(w.Currency),
		CurrencyAfterDiscount: string(w.CurrencyAfterDiscount),
		ExtendParams:          d.extendParams(w.ExtendParams, path+".extendParams"),
		Raw:                   raw,
	}, nil
}

// products decodes the products of a line. The first is what was bought and must be readable, since another in its place would
// be another purchase; what cannot be read behind it is left out.
func (d *decoder) products(raw json.RawMessage, path string) ([]ProductInfo, error) {
	list, ok := oneOrMany(raw)
	if !ok {
		return nil, badField(path)
	}
	var products []ProductInfo
	for i, element := range list {
		at := fmt.Sprintf("%s[%d]", path, i)
		p, unread := decodeProduct(element, at)
		switch {
		case unread == "":
			products = append(products, p)
		case i == 0:
			return nil, badField(unread)
		default:
			d.doubt(unread)
		}
	}
	return products, nil
}

// decodeProduct decodes a product, or returns the path of what cannot be read.
func decodeProduct(element json.RawMessage, path string) (p ProductInfo, unread string) {
	var w struct {
		ProductID   text  `json:"productId"`
		SkuCode     text  `json:"skuCode"`
		LinearValue text  `json:"linearValue"`
		ProductName loose `json:"productName"`
	}
	if decodeObject(element, &w, path) != nil {
		return p, path
	}
	quantity, ok := count(w.LinearValue)
	if !ok {
		return p, path + ".linearValue"
	}
	return ProductInfo{
		ProductID: string(w.ProductID), SkuCode: string(w.SkuCode),
		LinearValue: quantity, ProductName: string(w.ProductName), Raw: element,
	}, ""
}

func (d *decoder) buyer(raw json.RawMessage) *BuyerInfo {
	if isNull(raw) {
		return nil
	}
	var w struct {
		MobilePhone  loose `json:"mobilePhone"`
		Email        loose `json:"email"`
		CustomerID   loose `json:"customerId"`
		CustomerName loose `json:"customerName"`
		UserID       loose `json:"userId"`
		UserName     loose `json:"userName"`
	}
	if decodeObject(raw, &w, "buyerInfo") != nil {
		d.doubt("buyerInfo")
		return &BuyerInfo{Raw: raw}
	}
	return &BuyerInfo{
		MobilePhone: string(w.MobilePhone), Email: string(w.Email),
		CustomerID: string(w.CustomerID), CustomerName: string(w.CustomerName),
		UserID: string(w.UserID), UserName: string(w.UserName), Raw: raw,
	}
}

func (d *decoder) extendParams(raw json.RawMessage, path string) []ExtendParam {
	list, ok := oneOrMany(raw)
	if !ok {
		d.doubt(path)
		return nil
	}
	var params []ExtendParam
	for i, element := range list {
		var w struct {
			Key   text            `json:"key"`
			Name  text            `json:"name"`
			Value json.RawMessage `json:"value"`
		}
		if decodeObject(element, &w, path) != nil || (w.Key == "" && w.Name == "") {
			d.doubt(fmt.Sprintf("%s[%d]", path, i))
			continue
		}
		p := ExtendParam{Key: string(w.Key), Value: valueText(w.Value)}
		if p.Key == "" {
			p.Key = string(w.Name)
		}
		params = append(params, p)
	}
	return params
}

// valueText is the content of a string, or the JSON text of anything else.
func valueText(raw json.RawMessage) string {
	if isNull(raw) {
		return ""
	}
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}

// text accepts a string, a number or a boolean; null is the empty string.
type text string

// UnmarshalJSON implements json.Unmarshaler.
func (t *text) UnmarshalJSON(raw []byte) error {
	switch {
	case isNull(raw):
		*t = ""
	case raw[0] == '"':
		var s string
		if err := json.Unmarshal(raw, &s); err != nil {
			return err
		}
		*t = text(s)
	case raw[0] == '{' || raw[0] == '[':
		return ErrResponse
	default:
		*t = text(raw)
	}
	return nil
}

// loose is a text that only describes: an object or array, which is no text, is kept as it was written, so that it costs
// nothing else. The raw form of what is around it keeps it too.
type loose string

// UnmarshalJSON implements json.Unmarshaler.
func (l *loose) UnmarshalJSON(raw []byte) error {
	var t text
	if err := t.UnmarshalJSON(raw); err == nil {
		*l = loose(t)
	} else {
		*l = loose(raw)
	}
	return nil
}

// count reads a whole number that is not negative: 10, "10" or 10.0. An absent
// one is zero.
func count(s text) (int64, bool) {
	digits := strings.TrimSpace(string(s))
	if digits == "" {
		return 0, true
	}
	if whole, fraction, ok := strings.Cut(digits, "."); ok && fraction != "" && strings.Trim(fraction, "0") == "" {
		digits = whole
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	return n, err == nil && n >= 0
}

// oneOrMany splits an array, or takes an object for an array of one. Nothing and
// null are an empty array.
func oneOrMany(raw json.RawMessage) ([]json.RawMessage, bool) {
	if isNull(raw) {
		return nil, true
	}
	switch raw[0] {
	case '{':
		return []json.RawMessage{raw}, true
	case '[':
		var list []json.RawMessage
		err := json.Unmarshal(raw, &list)
		return list, err == nil
	default:
		return nil, false
	}
}

// isNull reports whether a value is absent or null. A RawMessage carries no
// white space around it.
func isNull(raw []byte) bool { return len(raw) == 0 || string(raw) == "null" }

// decodeObject decodes an object and nothing else into v. The errors of
// encoding/json quote the input and are therefore dropped.
func decodeObject(raw []byte, v any, path string) error {
	raw = bytes.Trim(raw, " \t\r\n") // JSON's white space and no other
	if len(raw) == 0 || raw[0] != '{' || json.Unmarshal(raw, v) != nil {
		return badField(path)
	}
	return nil
}

func badField(path string) error { return fmt.Errorf("%w: %s", ErrResponse, path) }
