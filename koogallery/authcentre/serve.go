// SPDX-License-Identifier: Apache-2.0

package authcentre

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/koogate/koogate/koogallery/clock"
)

// Options say where a centre listens.
type Options struct {
	// Addrs are HOST:PORT: the portal's first, then those of tenants in their order. Those that are missing follow the portal's port
	// upwards, or are free ones if that is 0. A tenant at the common domain takes none.
	Addrs []string
	// Certificate makes it HTTPS. See [NewCertificate].
	Certificate *tls.Certificate
}

// Server is a centre that listens.
type Server struct {
	cancel  context.CancelFunc
	servers []*http.Server
	running sync.WaitGroup
	clock   clock.Clock
	failed  chan error
}

// Start listens, tells the centre its addresses, and serves until [Server.Stop]. Errors: those of listening.
func (c *Centre) Start(ctx context.Context, o Options) (*Server, error) {
	if len(o.Addrs) == 0 {
		return nil, fmt.Errorf("%w: an address to listen on is missing", ErrConfig)
	}
	var listeners []net.Listener
	open := func(addr string) (string, error) {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
		if err != nil {
			return "", err
		}
		listeners = append(listeners, l)
		if o.Certificate != nil {
			return "https://" + l.Addr().String(), nil
		}
		return "http://" + l.Addr().String(), nil
	}
	fail := func(err error) (*Server, error) {
		for _, l := range listeners {
			l.Close()
		}
		return nil, err
	}
	portal, err := open(o.Addrs[0])
	if err != nil {
		return fail(err)
	}
	handlers := []http.Handler{c.Portal()}
	domains := make(map[string]string)
	for _, t := range c.World().Tenants {
		if t.Settings.CommonDomain {
			continue
		}
		addr, err := o.addr(len(handlers))
		if err != nil {
			return fail(err)
		}
		if domains[t.TenantID], err = open(addr); err != nil {
			return fail(err)
		}
		handlers = append(handlers, c.Tenant(t.TenantID))
	}
	if len(o.Addrs) > len(handlers) {
		return fail(fmt.Errorf("%w: there are %d addresses for a portal and %d tenants", ErrConfig, len(o.Addrs), len(handlers)-1))
	}
	c.SetDomains(portal, domains)
	base, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s := &Server{cancel: cancel, clock: c.cfg.Clock, failed: make(chan error, len(handlers))}
	for i, l := range listeners {
		if o.Certificate != nil {
			l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{*o.Certificate}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}})
		}
		server := &http.Server{
			Handler: handlers[i], BaseContext: func(net.Listener) context.Context { return base },
			ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
			ErrorLog: log.New(io.Discard, "", 0), // of broken connections, which faults make
		}
		s.servers = append(s.servers, server)
		s.running.Go(func() {
			if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				s.failed <- err
			}
		})
	}
	return s, nil
}

// addr is the address of the n-th listener; the portal's is number 0.
func (o Options) addr(n int) (string, error) {
	if n < len(o.Addrs) {
		return o.Addrs[n], nil
	}
	host, port, err := net.SplitHostPort(o.Addrs[0])
	if err != nil {
		return "", err
	}
	first, err := strconv.Atoi(port)
	if err != nil {
		return "", err
	}
	if first != 0 {
		first += n
	}
	return net.JoinHostPort(host, strconv.Itoa(first)), nil
}

// Failed tells of a listener that broke.
func (s *Server) Failed() <-chan error { return s.failed }

// Stop ends in order: nothing new is taken, slow answers and whoever follows are ended, and what is under way is answered, for at most
// grace. Errors: what was not.
func (s *Server) Stop(grace time.Duration) error {
	ctx, cancel := clock.WithTimeout(context.Background(), s.clock, grace)
	defer cancel()
	s.cancel()
	var errs []error
	for _, server := range s.servers {
		if err := server.Shutdown(ctx); err != nil {
			errs = append(errs, err, server.Close())
		}
	}
	s.running.Wait()
	return errors.Join(errs...)
}

// certificateLife is how long a certificate counts.
const certificateLife = 365 * 24 * time.Hour

// NewCertificate makes a certificate for names and addresses, and the authority that signs it, whose own key is kept by nobody. authority
// is PEM, for whoever connects. Errors: those of crypto/x509.
func NewCertificate(now time.Time, hosts ...string) (certificate *tls.Certificate, authority []byte, err error) {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Koogate authentication centre simulator"}, NotBefore: now.Add(-24 * time.Hour),
		NotAfter: now.Add(certificateLife), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, caKey.Public(), caKey)
	if err != nil {
		return nil, nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "authentication centre"}, NotBefore: ca.NotBefore, NotAfter: ca.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			leaf.IPAddresses = append(leaf.IPAddresses, ip)
		} else {
			leaf.DNSNames = append(leaf.DNSNames, host)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, ca, key.Public(), caKey)
	if err != nil {
		return nil, nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: caDER}), nil
}
