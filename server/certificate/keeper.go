// SPDX-License-Identifier: Apache-2.0

package certificate

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/koogate/koogate/server/clock"
)

// ErrClientCA says that the file with the authorities of clients is at fault, not the certificate.
var ErrClientCA = errors.New("client CA")

// Files are what a listener needs for TLS, in PEM.
type Files struct {
	Cert     string // the chain, the listener's own certificate first
	Key      string
	ClientCA string // who signs the certificates of clients; with it every client must show one
}

// Keeper holds a certificate, its key and the authorities of clients. It is safe for concurrent use.
type Keeper struct {
	files   Files
	protos  []string
	clock   clock.Clock
	refresh sync.Mutex // over Refresh
	current atomic.Pointer[kept]
}

// kept is one state of the files.
type kept struct {
	cert, key, ca []byte
	config        *tls.Config
	from, until   time.Time // when every certificate of the chain is valid
}

// Open reads the files. protos are the protocols for ALPN, the preferred one first. A certificate that is no longer valid is
// taken. The error wraps ErrClientCA when that file is at fault.
func Open(files Files, protos []string, c clock.Clock) (*Keeper, error) {
	k := &Keeper{files: files, protos: protos, clock: c}
	next, err := k.read()
	if err != nil {
		return nil, err
	}
	if err := k.prepare(next); err != nil {
		return nil, err
	}
	k.current.Store(next)
	return k, nil
}

// TLS is the configuration of a server: TLS 1.2 or later, and for each handshake what the keeper holds at that moment.
func (k *Keeper) TLS() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12, NextProtos: slices.Clone(k.protos), Time: k.clock.Now,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return k.current.Load().config, nil },
	}
}

// Refresh looks at the files. When they are not what is held, and can be used together and now, further handshakes use them;
// what is open stays. Otherwise everything stays as it is and the error says why: a certificate and a key are seldom replaced
// at one moment.
func (k *Keeper) Refresh() (changed bool, err error) {
	k.refresh.Lock()
	defer k.refresh.Unlock()
	now, held := k.clock.Now(), k.current.Load()
	next, err := k.read()
	if err != nil {
		return false, err
	}
	if next.same(held) {
		return false, nil
	}
	if err := k.prepare(next); err != nil {
		return false, err
	}
	if held.validAt(now) && !next.validAt(now) {
		return false, fmt.Errorf("the new certificate is valid from %s to %s only", next.from.Format(time.RFC3339), next.until.Format(time.RFC3339))
	}
	k.current.Store(next)
	return true, nil
}

// Left is how long the certificate that is shown, and those that lead from it to its authority, are valid; negative when one
// no longer is.
func (k *Keeper) Left() time.Duration { return k.current.Load().until.Sub(k.clock.Now()) }

func (k *Keeper) read() (*kept, error) {
	var s kept
	for _, f := range []struct {
		path string
		text *[]byte
	}{{k.files.Cert, &s.cert}, {k.files.Key, &s.key}, {k.files.ClientCA, &s.ca}} {
		if f.path == "" {
			continue
		}
		text, err := os.ReadFile(f.path)
		if err != nil && f.text == &s.ca {
			return nil, fmt.Errorf("%w: %w", ErrClientCA, err)
		}
		if err != nil {
			return nil, err
		}
		*f.text = text
	}
	return &s, nil
}

// prepare makes the configuration of what was read.
func (k *Keeper) prepare(s *kept) error {
	pair, err := tls.X509KeyPair(s.cert, s.key)
	if err != nil {
		return err
	}
	for i, der := range pair.Certificate {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return err
		}
		if i == 0 || c.NotBefore.After(s.from) {
			s.from = c.NotBefore
		}
		if i == 0 || c.NotAfter.Before(s.until) {
			s.until = c.NotAfter
		}
	}
	s.config = &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: slices.Clone(k.protos), Time: k.clock.Now, Certificates: []tls.Certificate{pair}}
	if k.files.ClientCA == "" {
		return nil
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(s.ca) {
		return fmt.Errorf("%w: the file holds no certificate", ErrClientCA)
	}
	s.config.ClientCAs, s.config.ClientAuth = pool, tls.RequireAndVerifyClientCert
	return nil
}

func (s *kept) same(other *kept) bool {
	return bytes.Equal(s.cert, other.cert) && bytes.Equal(s.key, other.key) && bytes.Equal(s.ca, other.ca)
}

func (s *kept) validAt(t time.Time) bool { return !t.Before(s.from) && !t.After(s.until) }
