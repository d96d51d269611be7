// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
)

// Every admission digests two rows and writes its claims, so their JSON is written here by hand. It is byte for byte what
// encoding/json makes of the structs, because what earlier releases digested must verify (TestRowsAreWrittenAsJSON).

func (c Claims) append(dst []byte) []byte {
	dst = append(dst, `{"of":`...)
	dst = strconv.AppendInt(dst, int64(c.Of), 10)
	for n, name := range slices.Sorted(maps.Keys(c.Rows)) {
		if n == 0 {
			dst = append(dst, `,"rows":{`...)
		} else {
			dst = append(dst, ',')
		}
		dst = appendText(dst, name)
		dst = append(dst, ':')
		dst = appendText(dst, c.Rows[name])
	}
	if len(c.Rows) > 0 {
		dst = append(dst, '}')
	}
	return append(dst, '}')
}

func (l Line) append(dst []byte) []byte {
	dst = appendMember(dst, `{"seller":`, l.Seller)
	dst = appendMember(dst, `,"orderId":`, l.OrderID)
	dst = appendMember(dst, `,"orderLineId":`, l.OrderLineID)
	dst = appendMember(dst, `,"productId":`, l.ProductID)
	dst = appendMember(dst, `,"action":`, l.Action)
	dst = appendMember(dst, `,"rootOrderId":`, l.RootOrderID)
	dst = appendMember(dst, `,"instanceId":`, l.InstanceID)
	dst = append(dst, `,"admitted":`...)
	dst = strconv.AppendInt(dst, l.Admitted, 10)
	dst = appendMember(dst, `,"answer":`, l.Answer)
	dst = l.Product.append(append(dst, `,"product":`...))
	dst = appendMember(dst, `,"purchase":`, l.Purchase)
	return append(dst, '}')
}

func (p Product) append(dst []byte) []byte {
	dst = appendMember(dst, `{"productId":`, p.ProductID)
	dst = appendMember(dst, `,"skuCode":`, p.SKUCode)
	dst = appendMember(dst, `,"name":`, p.Name)
	dst = appendMember(dst, `,"chargingMode":`, p.ChargingMode)
	dst = append(dst, `,"linearValue":`...)
	dst = strconv.AppendInt(dst, p.LinearValue, 10)
	return append(dst, '}')
}

func (i Instance) append(dst []byte) []byte {
	dst = appendMember(dst, `{"seller":`, i.Seller)
	dst = appendMember(dst, `,"instanceId":`, i.InstanceID)
	dst = appendMember(dst, `,"endpoint":`, i.Endpoint)
	dst = appendMember(dst, `,"family":`, i.Family)
	dst = appendMember(dst, `,"orderId":`, i.OrderID)
	dst = appendMember(dst, `,"orderLineId":`, i.OrderLineID)
	dst = appendMember(dst, `,"state":`, i.State)
	dst = append(dst, `,"frozen":`...)
	dst = strconv.AppendBool(dst, i.Frozen)
	dst = appendMember(dst, `,"failureCode":`, i.FailureCode)
	dst = i.Product.append(append(dst, `,"product":`...))
	dst = append(dst, `,"trial":`...)
	dst = strconv.AppendBool(dst, i.Trial)
	dst = append(dst, `,"expireAt":`...)
	dst = strconv.AppendInt(dst, i.ExpireAt, 10)
	dst = appendMember(dst, `,"facts":`, i.Facts)
	return append(dst, '}')
}

// appendMember appends a member whose key is written as it stands in the text.
func appendMember(dst []byte, key, value string) []byte {
	return appendText(append(dst, key...), value)
}

// appendText appends a text in quotes. All but plain ASCII is left to encoding/json.
func appendText(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			text, err := json.Marshal(s)
			if err != nil { // encoding a string cannot fail
				panic(err)
			}
			return append(dst, text...)
		}
	}
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"')
}
