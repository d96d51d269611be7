// SPDX-License-Identifier: Apache-2.0

package recorder_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/koogallery/simulator/simtest"
)

// BenchmarkCall is one call over loopback, straight and through a recorder: the difference is what a recorder costs the marketplace.
func BenchmarkCall(b *testing.B) {
	const body = `{"activity":"queryInstance","instanceId":"10e758d0-31ad-4c4b-8f1b-81d03469a10e"}`
	seller := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"resultCode":"000000","resultMsg":"success."}`)
	}))
	defer seller.Close()
	for name, through := range map[string]bool{"straight": false, "recorded": true} {
		b.Run(name, func(b *testing.B) {
			address := seller.URL
			if through {
				r, at, stop := between(b, seller.URL, new(file), nil)
				defer func() {
					stop()
					if n := r.Counts(); n.Lost > 0 {
						b.Errorf("%+v", n)
					}
				}()
				address = "http://" + at
			}
			client := &http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			url, err := sign.SignURL(address+"/produce/demo", simtest.FacadeKey, "N", simtest.Start(), []byte(body))
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				res, err := client.Post(url, "application/json", strings.NewReader(body))
				if err != nil {
					b.Fatal(err)
				}
				_, _ = io.Copy(io.Discard, res.Body)
				_ = res.Body.Close()
			}
		})
	}
}
