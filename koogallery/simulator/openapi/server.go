// SPDX-License-Identifier: Apache-2.0

package openapi

import (
	"log/slog"
	"net/http"

	"github.com/koogate/koogate/koogallery/clock"
	"github.com/koogate/koogate/koogallery/openapi"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	"github.com/koogate/koogate/koogallery/simulator/market"
)

// Config configures a Server.
type Config struct {
	Clock       clock.Clock
	NewID       func() string
	AccessKey   string           // verifies usage pushes (open-apis §3.2)
	Credentials sign.Credentials // AK/SK; without them every such request is refused
	Assets      []catalogue.Asset
	Log         *slog.Logger

	// Strict refuses query order about orders that were not placed, and takes a usage
	// push only when it is signed over its sorted body.
	Strict bool

	// UsageAKSK demands AK/SK of a usage push on top of its own signature.
	UsageAKSK bool

	// OldUsageCodes answers usage pushes as the documents of 2023 have it.
	OldUsageCodes bool

	// BatchData answers a batch activation of codes with data (T24).
	BatchData bool
}

// Server serves the open APIs of a market. It keeps nothing itself.
type Server struct {
	cfg    Config
	market *market.Market
}

// New returns a server.
func New(cfg Config, market *market.Market) *Server { return &Server{cfg, market} }

// Routes adds the open APIs:
//
//	GET  /api/mkp-openapi-public/global/v1/order/query   AK/SK, open-apis §2
//	POST /api/mkp-openapi-public/global/v1/market-event/{event_id}/file   AK/SK, saas-v1 §6.1
//	POST /api/mkp-openapi-public/global/v1/isv/usage-data   own signature, open-apis §3
//	POST /rest/marketplace/v1/isv/usage-data                AK/SK, open-apis §4
//	POST /api/mkp-openapi-public/global/{v1,v2}/license/activate     AK/SK, saas-v1 §5.1
//	POST /api/mkp-openapi-public/global/{v1,v2}/license/heartbeat    AK/SK, saas-v1 §5.2
//	POST /api/mkp-openapi-public/global/v2/license/software-usage-info   AK/SK, saas-v1 §5.2b
//	GET  /api/mkp-openapi-public/v1/asset/deployed-object   AK/SK, kit §D
func (s *Server) Routes(mux *http.ServeMux) {
	mux.HandleFunc("GET "+openapi.QueryOrderPath, s.gate(market.APIOrderQuery, refusal.plain, s.orderQuery))
	mux.HandleFunc("POST "+uploadPath, s.gate(market.APIUpload, refusal.named, s.licenceUpload))
	mux.HandleFunc("POST "+usagePath, s.gate(market.APIUsage, s.usageShape, s.pushUsage))
	mux.HandleFunc("POST "+usageOldPath, s.gate(market.APIUsageOld, usageOldShape, s.pushUsageOld))
	mux.HandleFunc(activatePath, s.gate(market.APIActivate, licenseShape, s.licenseCall(s.activate)))
	mux.HandleFunc(activate2Path, s.gate(market.APIActivate2, licenseShape, s.licenseCall(s.activateBatch)))
	mux.HandleFunc(heartbeatPath, s.gate(market.APIHeartbeat, licenseShape, s.licenseCall(s.heartbeat)))
	mux.HandleFunc(heartbeat2Path, s.gate(market.APIHeartbeat2, licenseShape, s.licenseCall(s.heartbeatBatch)))
	mux.HandleFunc(licenseUsagePath, s.gate(market.APILicenseUsage, licenseShape, s.licenseCall(s.softwareUsage)))
	mux.HandleFunc("GET "+assetPath, s.gate(market.APIAsset, refusal.named, s.assetQuery))
}
