// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/koogate/koogate/koogallery/openapi"
)

// market is a marketplace that answers every order query at once, so that it costs the machine next to nothing.
type market struct {
	url   string
	close func() error
}

func startMarket() market {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		order, line := q.Get("orderId"), q.Get("orderLineId")
		if r.URL.Path != openapi.QueryOrderPath || order == "" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		if line == "" {
			line = order + "-000001"
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, orderAnswer, order, line, order) //nolint:gosec // JSON, to the server under test
	}))
	return market{srv.URL, func() error { srv.Close(); return nil }}
}

// orderAnswer is the answer to an order query (open-apis §2.3): order, line, customer.
const orderAnswer = `{"resultCode":"MKT.0000","resultMsg":"Success","orderInfo":{"orderId":%q,"orderType":"NEW","createTime":"20261123040000",` +
	`"orderLine":[{"orderLineId":%q,"chargingMode":"PERIOD","periodType":"year","periodNumber":1,"expireTime":"20371123155959",` +
	`"productInfo":[{"productId":"OFFI461867333479178240","skuCode":"da9b4d34-ee8a-4355-a823-13e034e49986","linearValue":10,"productName":"bench"}]}],` +
	`"buyerInfo":{"mobilePhone":"13800000000","email":"buyer@example.com","customerId":"c-%s","customerName":"buyer","userId":"u1","userName":"user"}}}`
