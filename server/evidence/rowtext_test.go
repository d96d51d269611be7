// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"encoding/json"
	"testing"

	"pgregory.net/rapid"
)

// TestRowsAreWrittenAsJSON: what is digested of a row, and what an event keeps of claims, is what encoding/json makes of them.
func TestRowsAreWrittenAsJSON(t *testing.T) {
	text := rapid.OneOf(rapid.StringMatching(`[ -~]{0,12}`), rapid.String(), rapid.Just("\xff\x00\u2028<&>\"\\"))
	number := rapid.Int64()
	product := rapid.Custom(func(t *rapid.T) Product {
		return Product{text.Draw(t, "id"), text.Draw(t, "sku"), text.Draw(t, "name"), text.Draw(t, "mode"), number.Draw(t, "linear")}
	})
	same := func(t *rapid.T, got []byte, of any) {
		want, err := json.Marshal(of)
		if err != nil || string(got) != string(want) {
			t.Fatalf("%s, want %s, %v", got, want, err)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		l := Line{
			text.Draw(t, "seller"), text.Draw(t, "order"), text.Draw(t, "line"), text.Draw(t, "product"), text.Draw(t, "action"), text.Draw(t, "root"),
			text.Draw(t, "instance"), number.Draw(t, "admitted"), text.Draw(t, "answer"), product.Draw(t, "bought"), text.Draw(t, "purchase"),
		}
		same(t, l.append(nil), l)
		i := Instance{
			l.Seller, l.InstanceID, text.Draw(t, "endpoint"), text.Draw(t, "family"), l.OrderID, l.OrderLineID, text.Draw(t, "state"),
			rapid.Bool().Draw(t, "frozen"), text.Draw(t, "failure"), l.Product, rapid.Bool().Draw(t, "trial"), number.Draw(t, "expires"), text.Draw(t, "facts"),
		}
		same(t, i.append(nil), i)
		c := Claims{Of: int(number.Draw(t, "of")), Rows: rapid.MapOf(text, text).Draw(t, "rows")}
		same(t, []byte(c.Text()), c)
	})
}
