// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/koogate/koogate/server/certificate"
	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/server/login/door"
)

// listener is one address with what serves behind it.
type listener struct {
	name   string
	addr   string
	tls    bool
	socket net.Listener
	// handler answers what comes in; nil for gRPC.
	handler http.Handler
	serve   func(net.Listener) error    // returns nil after stop
	leave   func()                      // tells who watches that the end is near; nil when nobody can
	stop    func(context.Context) error // ends running calls, by force when the context is over
}

// limits are what an HTTP listener allows a client to take.
type limits struct {
	header, read, write time.Duration
	body                int64
	http1               bool // HTTP/1.1 and nothing newer
}

const (
	maxHeader   = 32 << 10
	idleTimeout = 2 * time.Minute
)

// httpListener serves a handler within limits, over TLS when there is a certificate.
func httpListener(name, addr string, h http.Handler, l limits, cert *certificate.Keeper, log *slog.Logger) *listener {
	level := slog.LevelWarn
	if cert != nil {
		level = slog.LevelDebug // strangers who try a public port cannot fill the log
	}
	srv := &http.Server{
		Handler:           http.MaxBytesHandler(h, l.body),
		ReadHeaderTimeout: l.header, ReadTimeout: l.read, WriteTimeout: l.write, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeader,
		ErrorLog:       slog.NewLogLogger(log.With("listener", name).Handler(), level),
	}
	if cert != nil {
		srv.TLSConfig = cert.TLS()
	}
	if l.http1 {
		srv.Protocols = new(http.Protocols)
		srv.Protocols.SetHTTP1(true)
	}
	d := &listener{name: name, addr: addr, tls: cert != nil, handler: srv.Handler}
	d.serve = func(l net.Listener) error {
		var err error
		if d.tls {
			err = srv.ServeTLS(l, "", "")
		} else {
			err = srv.Serve(l)
		}
		if errors.Is(err, http.ErrServerClosed) {
			return nil
		}
		return err
	}
	d.stop = func(ctx context.Context) error {
		err := srv.Shutdown(ctx)
		if err != nil {
			_ = srv.Close()
		}
		return err
	}
	return d
}

// loginLimits leave room for a call to an authentication centre, which a page waits for. What browsers and apps send is small.
var loginLimits = limits{header: 5 * time.Second, read: 15 * time.Second, write: 45 * time.Second, body: 64 << 10}

// loginListener serves browsers and apps. What is in the query of an address there lets people in, so no address is logged.
func (s *Server) loginListener() *listener {
	h := s.parting(s.proxies.Resolve(plainHeaders(s.login.Handler())))
	return httpListener(config.ListenerLogin, s.cfg.Listen.Login, h, loginLimits, s.certificates[config.ListenerLogin], s.deps.Log)
}

// loginConfig is what the configuration says of logins.
func loginConfig(cfg config.Config) door.Config {
	l := cfg.Login
	return door.Config{Issuer: cfg.Issuer(), UnifiedURL: l.UnifiedURL, Rules: l.Rules(), Suffixes: l.Suffixes, Budget: l.Budget, KeyLife: l.KeyLife}
}
