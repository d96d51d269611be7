// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/koogate/koogate/server/certificate"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/config"
)

// certificatePoll is how often the files of certificates are looked at.
const certificatePoll = 10 * time.Second

// openCertificates reads the certificates of the listeners that end TLS.
func (s *Server) openCertificates() error {
	s.certificates, s.look = make(map[string]*certificate.Keeper), make(map[string]chan struct{})
	for _, l := range s.cfg.Sockets() {
		k, err := l.Open(s.deps.Clock)
		if err != nil {
			return fmt.Errorf("server: %s: %w", l.Key, err)
		}
		if k != nil {
			s.certificates[l.Listener], s.look[l.Listener] = k, make(chan struct{}, 1)
		}
	}
	return nil
}

// LookAtCertificates has the files of all certificates looked at now instead of at the next regular time.
func (s *Server) LookAtCertificates() {
	for _, look := range s.look {
		select {
		case look <- struct{}{}:
		default: // it will be anyway
		}
	}
}

// grpcTransport is what the gRPC listener needs for TLS.
func (s *Server) grpcTransport() (options []grpc.ServerOption, encrypted bool) {
	k := s.certificates[config.ListenerGRPC]
	if k == nil {
		return nil, false
	}
	return []grpc.ServerOption{grpc.Creds(credentials.NewTLS(k.TLS()))}, true
}

// keepCertificate takes new files of a listener's certificate until ctx ends. A fault is logged once, and again when it is another.
func (s *Server) keepCertificate(ctx context.Context, listener string, k *certificate.Keeper) {
	fault := ""
	s.deps.Metrics.Certificate(listener, k.Left(), true)
	for {
		if !clock.Wait(ctx, s.deps.Clock, certificatePoll, s.look[listener]) {
			return
		}
		changed, err := k.Refresh()
		s.deps.Metrics.Certificate(listener, k.Left(), err == nil)
		switch {
		case err != nil && err.Error() != fault:
			fault = err.Error()
			s.deps.Log.ErrorContext(ctx, "the new certificate cannot be used; the listener goes on with the one it has", "listener", listener, "error", err)
		case changed:
			s.deps.Log.InfoContext(ctx, "new certificate", "listener", listener, "valid_for", k.Left().Round(time.Second))
		}
		if err == nil {
			fault = ""
		}
	}
}
