// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"fmt"

	"github.com/koogate/koogate/koogallery/simulator/catalogue"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/wiretime"
)

// Readings choose between readings of documents that contradict each other or
// have changed (third-reading §7). The zero value is the newest page's.
type Readings struct {
	// Readings are those of answers.
	judge.Readings

	// ProductInfo is the form in which changeInstanceCheck sends it (T2).
	ProductInfo ProductInfoForm

	// CodeBeijing writes the expireTime of License 2.0 in Beijing time instead of
	// UTC: its page names no zone (T30).
	CodeBeijing bool

	// BatchData answers a batch activation of licence codes with data. The page has
	// none: status and expiry are to be asked for (T24).
	BatchData bool

	// SharedPeriods takes records of one instance, begin and end that are drawn from
	// different packages. By the rule they are duplicates, while the page's own sample
	// has two such records (C17).
	SharedPeriods bool
}

// ProductInfoForm is a form of productInfo.
type ProductInfoForm string

// The forms. The page of 2026 prints an object.
const (
	ProductInfoObject ProductInfoForm = ""
	ProductInfoArray  ProductInfoForm = "array"
	ProductInfoText   ProductInfoForm = "text" // that holds an object
)

func (r Readings) check() error {
	switch r.ProductInfo {
	case ProductInfoObject, ProductInfoArray, ProductInfoText:
		return nil
	default:
		return fmt.Errorf("%w: Readings.ProductInfo is unknown", ErrConfig)
	}
}

// productInfo is the target of a change check (third-reading T1): a product
// without a quantity has no linearValue.
func (r Readings) productInfo(p catalogue.Product) any {
	info := map[string]any{"productId": p.ProductID, "productName": p.Name, "skuCode": p.SKUCode}
	if p.LinearValue > 0 {
		info["linearValue"] = p.LinearValue
	}
	switch r.ProductInfo {
	case ProductInfoArray:
		return []any{info}
	case ProductInfoText:
		text, err := plainJSON(info)
		if err != nil { // texts and a number cannot fail
			panic(err)
		}
		return string(text)
	default:
		return info
	}
}

// codeTime writes an expireTime of License 2.0.
func (r Readings) codeTime(text string) string {
	at, err := wiretime.Parse(text)
	if err != nil || !r.CodeBeijing {
		return text
	}
	return at.In(wiretime.Beijing()).Format("20060102150405")
}
