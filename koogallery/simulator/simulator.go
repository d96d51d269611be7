// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"fmt"
	"log/slog"
	"net/http"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	"github.com/koogate/koogate/koogallery/simulator/market"
	"github.com/koogate/koogate/koogallery/simulator/openapi"
	"github.com/koogate/koogate/koogallery/simulator/pages"
	"github.com/koogate/koogate/koogallery/simulator/rehearsal"
	"github.com/koogate/koogate/koogallery/simulator/wire"
)

// Simulator is one marketplace with one seller, its rooms put together. Create it
// with New.
type Simulator struct {
	*market.Market
	*rehearsal.Stage

	wire  *wire.Caller
	api   *openapi.Server
	pages *pages.Pages
}

// New returns a simulator. It makes no call. Errors: ErrConfig.
func New(cfg Config) (*Simulator, error) {
	if cfg.NewID == nil {
		cfg.NewID = catalogue.RandomID
	}
	if cfg.Assets == nil {
		cfg.Assets = catalogue.DemoAssets()
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	calls, err := wire.New(wire.Config{
		FacadeURL: cfg.FacadeURL, AccessKey: cfg.AccessKey, KitKey: cfg.KitKey, EncryptType: cfg.EncryptType, HTTPClient: cfg.HTTPClient,
		Clock: cfg.Clock, NewID: cfg.NewID, Timeout: cfg.Timeout, V1Timeout: cfg.V1Timeout, LongTime: cfg.LongTime,
		Readings: wire.Readings{
			Readings:    judge.Readings{BodySign: cfg.Readings.BodySign, FrontEndURL: cfg.Readings.FrontEndURL},
			ProductInfo: cfg.Readings.ProductInfo, CodeBeijing: cfg.Readings.CodeBeijing,
		},
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", market.ErrConfig, err)
	}
	shop, err := market.New(market.Config{
		Calls: calls, Clock: cfg.Clock, NewID: cfg.NewID, Retry: cfg.Retry, Poll: cfg.Poll, Products: cfg.Products,
		SharedPeriods: cfg.Readings.SharedPeriods, MaxOrders: cfg.MaxOrders, MaxCalls: cfg.MaxCalls, MaxUsage: cfg.MaxUsage,
		Log: cfg.Log, OnCall: cfg.OnCall,
	})
	if err != nil {
		calls.Close()
		return nil, err
	}
	return &Simulator{
		Market: shop,
		Stage: rehearsal.New(rehearsal.Config{
			Calls: calls, Clock: cfg.Clock, NewID: cfg.NewID, PublicKey: cfg.PublicKey, DialCases: cfg.DialCases, Strict: cfg.Strict,
		}, shop),
		wire: calls,
		api: openapi.New(openapi.Config{
			Clock: cfg.Clock, NewID: cfg.NewID, AccessKey: cfg.AccessKey, Credentials: cfg.Credentials, Assets: cfg.Assets, Log: cfg.Log,
			Strict: cfg.Strict, UsageAKSK: cfg.UsageAKSK, OldUsageCodes: cfg.OldUsageCodes, BatchData: cfg.Readings.BatchData,
		}, shop),
		pages: pages.New(pages.Config{Clock: cfg.Clock, Facade: cfg.FacadeURL, Log: cfg.Log}, shop),
	}, nil
}

// Handler serves the open APIs ([Server.Routes]) and the seller centre
// ([Pages.Routes]).
//
// The page and /sim have no authentication: bind them to loopback. Requests that
// change something are refused when a browser sends them from another origin.
// Personal data is in the answers of the open APIs only.
func (s *Simulator) Handler() http.Handler {
	mux := http.NewServeMux()
	s.api.Routes(mux)
	s.pages.Routes(mux)
	return http.NewCrossOriginProtection().Handler(mux)
}

// Close stops what the pages started in the background and waits for it. Calls
// made through the methods end with their own context.
func (s *Simulator) Close() {
	s.pages.Close()
	s.wire.Close()
}
