package server

import (
	"time"

	productionv1 "github.com/koogate/koogate/gen/koogate/production/v1"
	"github.com/koogate/koogate/server/facade"
	"github.com/koogate/koogate/server/inproc"
)

// facadeLimits: the marketplace gives up after 5 s, so a call that takes three times as long is nobody's.
var facadeLimits = limits{header: 5 * time.Second, read: 15 * time.Second, write: 15 * time.Second, body: 1 << 20}

// facadeDoor serves the marketplace. Its calls reach the production service through an in-process channel of their own,
// without the tokens of the private doors: the facade has verified the signature.
func (s *Server) facadeDoor(svc services) (*door, error) {
	channel := inproc.New(svc.verified().Unary)
	productionv1.RegisterSaasV2ServiceServer(channel, svc.production)
	cfg := facade.Config{}
	for _, e := range s.cfg.Endpoints {
		cfg.Endpoints = append(cfg.Endpoints, facade.Endpoint{
			Name: e.Name, Seller: e.Seller, Keys: reveal(e.Keys), BodySign: e.BodySign, Skew: e.Skew,
		})
	}
	f, err := facade.New(cfg, facade.Deps{
		Core: s.core, Conn: channel, Guard: s.deps.Guard, Clock: s.deps.Clock, Tracer: s.deps.Telemetry.Tracer(),
		Metrics: s.deps.Metrics, Log: s.deps.Log,
	})
	if err != nil {
		return nil, err
	}
	return httpDoor(DoorFacade, s.cfg.Listen.Facade, f, facadeLimits, s.cfg.TLS, s.deps.Log), nil
}
