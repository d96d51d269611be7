// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"net/http"

	"github.com/koogate/koogate/koogallery/openapi"
)

// Handler serves the open APIs, the seller-centre page and the same data as JSON:
//
//	GET  /api/mkp-openapi-public/global/v1/order/query   AK/SK, open-apis §2
//	POST /api/mkp-openapi-public/global/v1/market-event/{event_id}/file   AK/SK, saas-v1 §6.1
//	POST /api/mkp-openapi-public/global/v1/isv/usage-data   own signature, open-apis §3
//	POST /rest/marketplace/v1/isv/usage-data                AK/SK, open-apis §4
//	POST /api/mkp-openapi-public/global/{v1,v2}/license/activate     AK/SK, saas-v1 §5.1
//	POST /api/mkp-openapi-public/global/{v1,v2}/license/heartbeat    AK/SK, saas-v1 §5.2
//	POST /api/mkp-openapi-public/global/v2/license/software-usage-info   AK/SK, saas-v1 §5.2b
//	GET  /api/mkp-openapi-public/v1/asset/deployed-object   AK/SK, kit §D
//	GET  /                     orders, standing, 生产接口消息, 话单管理, bills
//	POST /restart              form: message; the button 重新启动
//	POST /place                form: kind, family
//	GET  /sim/orders           newest first; limit
//	POST /sim/orders           {"kind":"period"}, optionally "family": place and open one
//	GET  /sim/orders/{id}      one order with its calls
//	GET  /sim/calls            newest first; order, limit
//	GET  /sim/requests         calls of the seller to the open APIs, newest first; limit
//	GET  /sim/usage            usage records, totals and packages; instance, limit
//	GET  /sim/bills            newest first; instance, limit
//
// The page and /sim have no authentication: bind them to loopback. Requests that
// change something are refused when a browser sends them from another origin.
// Personal data is in the answers of the open APIs only.
func (s *Simulator) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+openapi.QueryOrderPath, s.gate(APIOrderQuery, refusal.plain, s.orderQuery))
	mux.HandleFunc("POST "+uploadPath, s.gate(APIUpload, refusal.named, s.licenceUpload))
	mux.HandleFunc("POST "+UsagePath, s.gate(APIUsage, s.usageShape, s.pushUsage))
	mux.HandleFunc("POST "+UsageOldPath, s.gate(APIUsageOld, usageOldShape, s.pushUsageOld))
	mux.HandleFunc(activatePath, s.gate(APIActivate, licenseShape, s.licenseCall(s.activate)))
	mux.HandleFunc(activate2Path, s.gate(APIActivate2, licenseShape, s.licenseCall(s.activateBatch)))
	mux.HandleFunc(heartbeatPath, s.gate(APIHeartbeat, licenseShape, s.licenseCall(s.heartbeat)))
	mux.HandleFunc(heartbeat2Path, s.gate(APIHeartbeat2, licenseShape, s.licenseCall(s.heartbeatBatch)))
	mux.HandleFunc(licenseUsagePath, s.gate(APILicenseUsage, licenseShape, s.licenseCall(s.softwareUsage)))
	mux.HandleFunc("GET "+assetPath, s.gate(APIAsset, refusal.named, s.assetQuery))
	mux.HandleFunc("GET /{$}", s.page)
	mux.HandleFunc("POST /restart", s.postRestart)
	mux.HandleFunc("POST /place", s.postPlace)
	mux.HandleFunc("GET /sim/orders", s.getOrders)
	mux.HandleFunc("POST /sim/orders", s.postOrders)
	mux.HandleFunc("GET /sim/orders/{id}", s.getOrder)
	mux.HandleFunc("GET /sim/calls", s.getCalls)
	mux.HandleFunc("GET /sim/requests", s.getRequests)
	mux.HandleFunc("GET /sim/usage", s.getUsage)
	mux.HandleFunc("GET /sim/bills", s.getBills)
	return http.NewCrossOriginProtection().Handler(mux)
}
