package simulator

import (
	"net/http"

	"github.com/koogate/koogate/koogallery/openapi"
)

// Handler serves the open API, the seller-centre page and the same data as JSON:
//
//	GET  /api/mkp-openapi-public/global/v1/order/query   AK/SK, open-apis §2
//	POST /api/mkp-openapi-public/global/v1/market-event/{event_id}/file   AK/SK, saas-v1 §6.1
//	GET  /                     orders, standing, 生产接口消息
//	POST /restart              form: message; the button 重新启动
//	POST /place                form: kind, family
//	GET  /sim/orders           newest first; limit
//	POST /sim/orders           {"kind":"period"}, optionally "family": place and open one
//	GET  /sim/orders/{id}      one order with its calls
//	GET  /sim/calls            newest first; order, limit
//
// The page and /sim have no authentication: bind them to loopback. Requests that
// change something are refused when a browser sends them from another origin.
// Personal data is in the answers of the open API only.
func (s *Simulator) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+openapi.QueryOrderPath, s.orderQuery)
	mux.HandleFunc("POST "+uploadPath, s.licenceUpload)
	mux.HandleFunc("GET /{$}", s.page)
	mux.HandleFunc("POST /restart", s.postRestart)
	mux.HandleFunc("POST /place", s.postPlace)
	mux.HandleFunc("GET /sim/orders", s.getOrders)
	mux.HandleFunc("POST /sim/orders", s.postOrders)
	mux.HandleFunc("GET /sim/orders/{id}", s.getOrder)
	mux.HandleFunc("GET /sim/calls", s.getCalls)
	return http.NewCrossOriginProtection().Handler(mux)
}
