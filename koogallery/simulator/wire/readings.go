// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"errors"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
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
		return errors.New("Readings.ProductInfo is unknown")
	}
}

// ProductInfo is the target of a change check (third-reading T1): a product without
// a quantity has no linearValue.
func (c *Caller) ProductInfo(p catalogue.Product) any {
	info := map[string]any{"productId": p.ProductID, "productName": p.Name, "skuCode": p.SKUCode}
	if p.LinearValue > 0 {
		info["linearValue"] = p.LinearValue
	}
	switch c.cfg.Readings.ProductInfo {
	case ProductInfoArray:
		return []any{info}
	case ProductInfoText:
		text, err := PlainJSON(info)
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
