// SPDX-License-Identifier: Apache-2.0

package doctor_test

import (
	"bytes"
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
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/koogate/koogate/cmd/koogate/internal/doctor"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/koogallery/simulator"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/server/vault"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/redis"
	"github.com/koogate/koogate/store/sqlite"
)

// The secrets that nothing may show.
const (
	canarySK  = "canary-secret-key-0123456789"
	canaryKey = "canary-access-key-0123456789"
	canaryPW  = "canary-password"
)

// patient is an installation without a fault, as far as these tests go.
func patient(t *testing.T) doctor.Patient {
	t.Helper()
	cfg := config.Default()
	cfg.Listen = config.Listen{Facade: "127.0.0.1:1", API: "127.0.0.1:2", GRPC: "127.0.0.1:3", Ops: "127.0.0.1:4"}
	return doctor.Patient{
		Config: cfg, Live: true, Patience: 5 * time.Second, Instruments: doctor.Instruments{
			Clock: clock.System{},
			Database: func(context.Context, config.Database) (store.Inspection, error) {
				return store.Inspection{Server: "SQLite 3", Schema: 7, Needs: 7}, nil
			},
			Redis: func(context.Context, config.Config) (redis.Inspection, error) {
				return redis.Inspection{Version: "8", Role: "master", Policy: "noeviction", Now: clock.System{}.Now()}, nil
			},
			Free:     func(string) (int64, error) { return 1 << 40, nil },
			Outgoing: func() *http.Transport { return &http.Transport{} },
		}}
}

// of are the findings of a check as lines; no finding shows a secret.
func of(t *testing.T, p doctor.Patient, check string) []string {
	t.Helper()
	var lines []string
	for _, f := range doctor.Examine(t.Context(), p) {
		for _, language := range []string{"en", "zh"} {
			text := f.Seen.In(language) + " → " + f.Remedy.In(language)
			if strings.Contains(text, "canary") || strings.Contains(text, "%!") || f.State != doctor.OK && f.Check != "configuration" && f.Remedy.In(language) == "" {
				t.Errorf("%s: %s", f.Check, text)
			}
		}
		if f.Check == check {
			lines = append(lines, string(f.State)+" "+f.About+": "+f.Seen.EN+" → "+f.Remedy.EN)
		}
	}
	return lines
}

// finds expects one finding that is bad, of a state and with a text, and everything else good.
func finds(t *testing.T, p doctor.Patient, check, state, text string) {
	t.Helper()
	lines := of(t, p, check)
	bad := slices.DeleteFunc(slices.Clone(lines), func(s string) bool { return strings.HasPrefix(s, "OK ") })
	if state == "OK" {
		if len(bad) > 0 || len(lines) == 0 || !slices.ContainsFunc(lines, func(s string) bool { return strings.Contains(s, text) }) {
			t.Errorf("%s: %q, want OK with %q", check, lines, text)
		}
		return
	}
	if len(bad) != 1 || !strings.HasPrefix(bad[0], state+" ") || !strings.Contains(bad[0], text) {
		t.Errorf("%s: %q, want one %s with %q", check, lines, state, text)
	}
}

type ahead struct {
	clock.System
	by *atomic.Int64
}

func (c ahead) Now() time.Time { return c.System.Now().Add(time.Duration(c.by.Load())) }

// TestTheMarketplaceIsAsked: what it says to AK and SK, how far the clocks are apart, and that it is the marketplace.
func TestTheMarketplaceIsAsked(t *testing.T) {
	t.Parallel()
	var by atomic.Int64
	sim, err := simulator.New(simulator.Config{
		FacadeURL: "http://127.0.0.1:1/", AccessKey: canaryKey, Credentials: sign.Credentials{AccessKey: "ak-0123456789", SecretKey: canarySK}, Clock: ahead{by: &by}, Strict: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(sim.Handler())
	t.Cleanup(func() { srv.Close(); sim.Close() })
	says := func(status int, body string) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "https://elsewhere.example.com/")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}))
		t.Cleanup(s.Close)
		return s.URL
	}
	foreign := httptest.NewUnstartedServer(http.NotFoundHandler())
	foreign.Config.ErrorLog = log.New(io.Discard, "", 0)
	foreign.StartTLS()
	t.Cleanup(foreign.Close)
	silent := silence(t)
	with := func(base, ak, sk string) doctor.Patient {
		p := patient(t)
		p.Config.Sellers = []config.Seller{{Name: "acme", Marketplace: config.Marketplace{BaseURL: base, AccessKey: ak, SecretKey: config.Secret(sk)}}}
		return p
	}
	good := with(srv.URL, "ak-0123456789", canarySK)
	for name, c := range map[string]struct {
		p           doctor.Patient
		state, text string
	}{
		"healthy":         {good, "OK", "takes this AK/SK; of an order that does not exist it says MKT.0150"},
		"a wrong SK":      {with(srv.URL, "ak-0123456789", canarySK+"x"), "FAULT", "the SK is not this AK's"},
		"a wrong AK":      {with(srv.URL, "ak-of-another", canarySK), "FAULT", "belongs to another site"},
		"no seller":       {with(says(401, `{"resultCode":"MKT.0151","resultMsg":"x"}`), "ak", canarySK), "FAULT", "its account is no seller"},
		"limited":         {with(says(429, `{"error_code":"APIGW.0308","error_msg":"x"}`), "ak", canarySK), "WARNING", "limits calls just now"},
		"an inner error":  {with(says(500, `{"resultCode":"MKT.0999","resultMsg":"x"}`), "ak", canarySK), "WARNING", "has an internal error"},
		"a portal":        {with(says(302, "log in"), "ak", canarySK), "FAULT", "is not the marketplace"},
		"another server":  {with(says(404, "nothing"), "ak", canarySK), "FAULT", "is not the marketplace"},
		"nobody":          {with("http://127.0.0.1:1", "ak", canarySK), "FAULT", "no connection to"},
		"a foreign TLS":   {with(foreign.URL, "ak", canarySK), "FAULT", "does not hold"},
		"an unusable key": {with(srv.URL, "ak with blanks\n", canarySK), "FAULT", "it cannot be called"},
	} {
		t.Run(name, func(t *testing.T) { finds(t, c.p, "marketplace", c.state, c.text) })
	}
	t.Run("silence", func(t *testing.T) {
		p := with("http://"+silent, "ak", canarySK)
		p.Patience = 500 * time.Millisecond
		p.Config.Sellers = append(p.Config.Sellers, config.Seller{Name: "other", Marketplace: good.Config.Sellers[0].Marketplace})
		began := time.Now()
		finds(t, p, "marketplace", "FAULT", "does not answer in time")
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("it takes %s", took)
		}
	})
	for name, c := range map[string]struct {
		off   time.Duration
		state []string
		texts []string
	}{
		"a little": {4 * time.Second, []string{"OK", "OK"}, []string{"takes this AK/SK", "apart"}},
		"30 s":     {30 * time.Second, []string{"OK", "WARNING"}, []string{"takes this AK/SK", "s apart; 1m0s are allowed"}},
		"behind":   {-5 * time.Minute, []string{"OK", "FAULT"}, []string{"takes this AK/SK", "apart; 1m0s are allowed"}},
		"20 min":   {20 * time.Minute, []string{"FAULT", "FAULT"}, []string{"its gateway allows 15 minutes", "apart"}},
	} {
		by.Store(int64(c.off))
		got := of(t, good, "marketplace")
		if len(got) != 2 {
			t.Errorf("%s: %q", name, got)
			continue
		}
		for i := range got {
			if !strings.HasPrefix(got[i], c.state[i]) || !strings.Contains(got[i], c.texts[i]) {
				t.Errorf("%s: %q, want %v %q", name, got[i], c.state, c.texts)
			}
		}
	}
	by.Store(int64(20 * time.Second))
	narrow := good
	narrow.Config.Endpoints = []config.Endpoint{{Name: "main", Skew: 10 * time.Second}}
	if got := of(t, narrow, "marketplace"); len(got) != 2 || !strings.HasPrefix(got[1], "FAULT") || !strings.Contains(got[1], "10s are allowed") {
		t.Errorf("an endpoint's own tolerance: %q", got)
	}
}

// silence is an address that takes connections and says nothing.
func silence(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String()
}

// TestALookThatHangsHoldsUpNoOther: it is a fault after the patience, whatever it heeds.
func TestALookThatHangsHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	p := patient(t)
	p.Patience = 300 * time.Millisecond
	p.Config.Database.URL = "postgres://u:" + canaryPW + "@127.0.0.1:1/x"
	p.Config.Redis.Addrs = []string{"127.0.0.1:1"}
	block := make(chan struct{})
	t.Cleanup(func() { close(block) })
	p.Database = func(context.Context, config.Database) (store.Inspection, error) {
		<-block
		return store.Inspection{}, nil
	}
	began := time.Now()
	finds(t, p, "database", "FAULT", "nothing is known after 300ms")
	finds(t, p, "redis", "OK", "Redis 8 answers")
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("it takes %s", took)
	}
}

// TestWhatTheServiceWorksOn: the database, its disk and Redis.
func TestWhatTheServiceWorksOn(t *testing.T) {
	t.Parallel()
	url := "postgres://koogate:" + canaryPW + "@db.example.com/koogate"
	now := clock.System{}.Now
	for name, c := range map[string]struct {
		i           store.Inspection
		err         error
		state, text string
	}{
		"healthy":         {store.Inspection{Server: "PostgreSQL 18", Schema: 7, Needs: 7, Now: now()}, nil, "OK", "PostgreSQL 18 opens; its schema is at version 7"},
		"a schema behind": {store.Inspection{Server: "PostgreSQL 18", Schema: 6, Needs: 7, Now: now()}, nil, "FAULT", "run koogate migrate"},
		"a schema ahead":  {store.Inspection{Server: "PostgreSQL 18", Schema: 8, Needs: 7, Now: now()}, nil, "WARNING", "knows those to 7"},
		"no writes":       {store.Inspection{Schema: 7, Needs: 7, Now: now(), Write: errors.New("read-only transaction " + url)}, nil, "FAULT", "a write is refused: read-only transaction"},
		"a clock":         {store.Inspection{Schema: 7, Needs: 7, Now: now().Add(time.Minute)}, nil, "FAULT", "apart"},
		"not reached":     {store.Inspection{}, fmt.Errorf("dial %s: password %s", url, canaryPW), "FAULT", "the database is not reached"},
	} {
		p := patient(t)
		p.Config.Database.URL = config.Secret(url)
		p.Database = func(context.Context, config.Database) (store.Inspection, error) { return c.i, c.err }
		t.Run(name, func(t *testing.T) { finds(t, p, "database", c.state, c.text) })
	}
	p := patient(t)
	p.Config.Database.URL, p.Live = config.Secret(url), false
	if got := of(t, p, "database"); got != nil {
		t.Errorf("without --live: %q", got)
	}
	for free, want := range map[int64][2]string{1 << 40: {"OK", "are free"}, 500 << 20: {"WARNING", "500 MiB are free"}, 10 << 20: {"FAULT", "make room now"}} {
		p := patient(t)
		p.Config.Database.URL = "sqlite:/nowhere/koogate.db"
		p.Free = func(string) (int64, error) { return free, nil }
		finds(t, p, "disk", want[0], want[1])
	}
	for name, c := range map[string]struct {
		i           redis.Inspection
		err         error
		state, text string
	}{
		"healthy":         {redis.Inspection{Version: "8", Role: "master", Policy: "volatile-ttl", MaxMemory: 1, Now: now()}, nil, "OK", "its policy is volatile-ttl"},
		"never full":      {redis.Inspection{Version: "8", Role: "master", Policy: "allkeys-lru", Now: now()}, nil, "OK", "its policy is allkeys-lru"},
		"forgets":         {redis.Inspection{Role: "master", Policy: "allkeys-lru", MaxMemory: 1, Now: now()}, nil, "WARNING", "it forgets by allkeys-lru"},
		"a replica":       {redis.Inspection{Version: "8", Role: "slave", Policy: "noeviction", Now: now()}, nil, "FAULT", "is a replica"},
		"another clock":   {redis.Inspection{Role: "master", Now: now().Add(-time.Minute)}, nil, "FAULT", "apart"},
		"away":            {redis.Inspection{}, errors.New("dial: refused, " + canaryPW), "FAULT", "it is not reached"},
		"a wrong account": {redis.Inspection{}, errors.New("WRONGPASS"), "FAULT", "WRONGPASS"},
	} {
		p := patient(t)
		p.Config.Redis.Addrs, p.Config.Redis.Password = []string{"r:1"}, canaryPW
		p.Redis = func(context.Context, config.Config) (redis.Inspection, error) { return c.i, c.err }
		t.Run(name, func(t *testing.T) { finds(t, p, "redis", c.state, c.text) })
	}
}

// TestASQLiteFileIsLookedAtWhileItIsInUse, and it stays as it is.
func TestASQLiteFileIsLookedAtWhileItIsInUse(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "koogate.db")
	look := func() doctor.Patient {
		p := patient(t)
		p.Live = false
		p.Config.Database.URL = config.Secret("sqlite:" + path)
		p.Database = func(ctx context.Context, _ config.Database) (store.Inspection, error) {
			return sqlite.Inspect(ctx, path)
		}
		return p
	}
	finds(t, look(), "database", "FAULT", "is not there")
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Error("it is made")
	}
	if err := os.WriteFile(path, []byte(strings.Repeat("this is no database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	finds(t, look(), "database", "FAULT", "does not open")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	finds(t, look(), "database", "FAULT", "the schema is at version 0")
	s, err := sqlite.Open(t.Context(), sqlite.Options{Path: path, Migrate: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	finds(t, look(), "database", "OK", "opens; its schema is at version")
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file has changed (%v)", err)
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestFilesOfKeys: which key seals, and who can read it.
func TestFilesOfKeys(t *testing.T) {
	t.Parallel()
	text, err := vault.Generate()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := func(name string, text []byte, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.WriteFile(path, text, 0o600), os.Chmod(path, mode)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, c := range map[string]struct{ path, state, text string }{
		"healthy": {file("good", text, 0o600), "OK", "it opens; key"},
		"open":    {file("open", text, 0o604), "FAULT", "has the rights 0604"},
		"garbage": {file("garbage", []byte("canary"), 0o600), "FAULT", "does not open"},
		"missing": {filepath.Join(dir, "missing"), "FAULT", "cannot be read"},
	} {
		p := patient(t)
		p.Live, p.Config.KeysetFile, p.Config.SigningFile = false, c.path, c.path
		t.Run(name, func(t *testing.T) {
			finds(t, p, "keyset", c.state, c.text)
			if c.state == "FAULT" {
				finds(t, p, "signing key", c.state, c.text)
			}
		})
	}
}

// pki makes certificates.
type pki struct {
	t     *testing.T
	cert  *x509.Certificate
	key   *ecdsa.PrivateKey
	chain [][]byte // above it, without the root
}

func newPKI(t *testing.T) *pki {
	t.Helper()
	root := &pki{t: t}
	root.cert, root.key = root.make(&x509.Certificate{Subject: pkix.Name{CommonName: "root"}, IsCA: true, BasicConstraintsValid: true, NotAfter: time.Now().Add(9999 * time.Hour)})
	return root
}

func (p *pki) make(c *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	p.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		p.t.Fatal(err)
	}
	c.SerialNumber = big.NewInt(time.Now().UnixNano())
	if c.NotBefore.IsZero() {
		c.NotBefore = time.Now().Add(-100 * time.Hour)
	}
	parent, signer := c, key
	if p.cert != nil {
		parent, signer = p.cert, p.key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), signer)
	if err != nil {
		p.t.Fatal(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		p.t.Fatal(err)
	}
	return made, key
}

// between is an authority below it.
func (p *pki) between() *pki {
	p.t.Helper()
	next := &pki{t: p.t}
	next.cert, next.key = p.make(&x509.Certificate{Subject: pkix.Name{CommonName: "between"}, IsCA: true, BasicConstraintsValid: true, NotAfter: time.Now().Add(9000 * time.Hour)})
	next.chain = [][]byte{next.cert.Raw}
	return next
}

func (p *pki) leaf(host string, from, until time.Duration) tls.Certificate {
	p.t.Helper()
	c := &x509.Certificate{Subject: pkix.Name{CommonName: host}, NotBefore: time.Now().Add(from), NotAfter: time.Now().Add(until), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	if ip := net.ParseIP(host); ip != nil {
		c.IPAddresses = []net.IP{ip}
	} else {
		c.DNSNames = []string{host}
	}
	made, key := p.make(c)
	return tls.Certificate{Certificate: append([][]byte{made.Raw}, p.chain...), PrivateKey: key}
}

func (p *pki) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(p.cert)
	return pool
}

const (
	hours = time.Hour
	long  = 2000 * hours
)

// TestCertificatesOfListeners: whether they can be used, for whom, and for how long.
func TestCertificatesOfListeners(t *testing.T) {
	t.Parallel()
	root := newPKI(t)
	dir := t.TempDir()
	write := func(name string, c tls.Certificate) config.TLS {
		var chain bytes.Buffer
		for _, der := range c.Certificate {
			_ = pem.Encode(&chain, &pem.Block{Type: "CERTIFICATE", Bytes: der})
		}
		der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
		if err != nil {
			t.Fatal(err)
		}
		to := config.TLS{CertFile: filepath.Join(dir, name+".crt"), KeyFile: filepath.Join(dir, name+".key")}
		if err := errors.Join(os.WriteFile(to.CertFile, chain.Bytes(), 0o600), os.WriteFile(to.KeyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600)); err != nil {
			t.Fatal(err)
		}
		return to
	}
	other := write("other", root.leaf("shop.example.com", -hours, long))
	mixed := other
	mixed.CertFile = write("mixed", root.leaf("shop.example.com", -hours, long)).CertFile
	for name, c := range map[string]struct {
		tls         config.TLS
		state, text string
	}{
		"healthy":    {other, "OK", "the certificate for shop.example.com ends on"},
		"soon":       {write("soon", root.leaf("shop.example.com", -hours, 100*hours)), "WARNING", "in 4 days"},
		"over":       {write("over", root.leaf("shop.example.com", -9*hours, -hours)), "FAULT", "has ended on"},
		"early":      {write("early", root.leaf("shop.example.com", hours, long)), "FAULT", "counts from"},
		"other name": {write("name", root.leaf("else.example.com", -hours, long)), "FAULT", "is not for shop.example.com"},
		"other key":  {mixed, "FAULT", "cannot be used"},
	} {
		p := patient(t)
		p.Live = false
		p.Config.Listeners.Facade = config.PublicListener{TLS: c.tls, PublicURL: "https://shop.example.com"}
		t.Run(name, func(t *testing.T) { finds(t, p, "certificate", c.state, c.text) })
	}
}

// TestAddressesAsTheMarketplaceReachesThem: their certificate, and what they answer.
func TestAddressesAsTheMarketplaceReachesThem(t *testing.T) {
	t.Parallel()
	root := newPKI(t)
	mid := root.between()
	bare := mid.leaf("127.0.0.1", -hours, long)
	bare.Certificate = bare.Certificate[:1]
	serve := func(c tls.Certificate, h http.HandlerFunc) string {
		s := httptest.NewUnstartedServer(h)
		s.TLS = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{c}}
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		s.StartTLS()
		t.Cleanup(s.Close)
		return s.URL + "/produce/main"
	}
	answer := func(status int, code string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			given := code
			if code == "" && !r.URL.Query().Has("signature") {
				given = "000001"
			} else if code == "" {
				given = "000100"
			}
			w.Header().Set("Location", "/elsewhere")
			w.Header().Set("Content-Type", "application/json;charset=UTF-8")
			w.WriteHeader(status)
			_, _ = fmt.Fprintf(w, `{"resultCode":%q,"resultMsg":"x"}`, given)
		}
	}
	good := mid.leaf("127.0.0.1", -hours, long)
	silent := silence(t)
	for name, c := range map[string]struct {
		address, check, state, text string
	}{
		"healthy":         {serve(good, answer(200, "")), "address", "OK", "a signed debugging call is answered (000100"},
		"its certificate": {serve(good, answer(200, "")), "address's certificate", "OK", "the certificate for 127.0.0.1 ends on"},
		"incomplete":      {serve(bare, answer(200, "")), "address's certificate", "FAULT", "the chain is not complete"},
		"unknown":         {serve(newPKI(t).leaf("127.0.0.1", -hours, long), answer(200, "")), "address's certificate", "FAULT", "the chain is not complete"},
		"own":             {serve(selfSigned(t), answer(200, "")), "address's certificate", "FAULT", "by no authority"},
		"other name":      {serve(mid.leaf("else.example.com", -hours, long), answer(200, "")), "address's certificate", "FAULT", "is not for 127.0.0.1"},
		"over":            {serve(mid.leaf("127.0.0.1", -9*hours, -hours), answer(200, "")), "address's certificate", "FAULT", "has ended on"},
		"soon":            {serve(mid.leaf("127.0.0.1", -hours, 100*hours), answer(200, "")), "address's certificate", "WARNING", "in 4 days"},
		"closed":          {"https://127.0.0.1:1/produce/main", "address", "FAULT", "no answer"},
		"closed to TLS":   {"https://127.0.0.1:1/produce/main", "address's certificate", "FAULT", "no TLS connection"},
		"silent":          {"https://" + silent + "/produce/main", "address", "FAULT", ""},
		"no URL":          {"shop.example.com", "address", "FAULT", "it is no URL"},
		"redirects":       {serve(good, answer(301, "")), "address", "FAULT", "it redirects (HTTP 301)"},
		"another server":  {serve(good, answer(404, "")), "address", "FAULT", "what answers is not Koogate"},
		"another key":     {serve(good, answer(200, "000001")), "address", "FAULT", "a signed call is refused (000001)"},
		"takes anything":  {serve(good, answer(200, "000000")), "address", "FAULT", "a call without a signature is not refused"},
		"fails": {serve(good, func(w http.ResponseWriter, r *http.Request) {
			code := "000005"
			if !r.URL.Query().Has("signature") {
				code = "000001"
			}
			w.Header().Set("Content-Type", "application/json;charset=UTF-8")
			_, _ = fmt.Fprintf(w, `{"resultCode":%q,"resultMsg":"x"}`, code)
		}), "address", "FAULT", "a signed debugging call fails (000005)"},
		"reads it first":   {serve(good, answer(200, "000003")), "address", "FAULT", `it is answered "000003" instead of 000001`},
		"another endpoint": {strings.Replace(serve(good, answer(200, "")), "main", "other", 1), "address", "WARNING", "no endpoint other with a key"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := patient(t)
			p.Patience, p.Roots, p.Addresses = 3*time.Second, root.pool(), []string{c.address}
			p.Config.Endpoints = []config.Endpoint{{Name: "main", Seller: "acme", Keys: []config.Secret{canaryKey}}}
			finds(t, p, c.check, c.state, c.text)
		})
	}
	plain := httptest.NewServer(answer(200, ""))
	t.Cleanup(plain.Close)
	p := patient(t)
	p.Config.Endpoints = []config.Endpoint{{Name: "main", Seller: "acme", Keys: []config.Secret{canaryKey}}}
	p.Config.Listeners.Facade.PublicURL = plain.URL
	finds(t, p, "address", "FAULT", "it is not https")
}

func selfSigned(t *testing.T) tls.Certificate {
	t.Helper()
	none := &pki{t: t}
	return none.leaf("127.0.0.1", -hours, long)
}

// TestTheServicesOwnPorts: the gRPC API, readiness and the collector of traces.
func TestTheServicesOwnPorts(t *testing.T) {
	t.Parallel()
	status := func(code int) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }))
		t.Cleanup(s.Close)
		return strings.TrimPrefix(s.URL, "http://")
	}
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	p := patient(t)
	p.Config.Listen.GRPC, p.Config.Listen.Ops, p.Config.Tracing.Endpoint = "127.0.0.1:1", "127.0.0.1:1", "127.0.0.1:1"
	finds(t, p, "gRPC API", "FAULT", "nobody answers")
	finds(t, p, "readiness", "FAULT", "nobody answers")
	finds(t, p, "traces", "WARNING", "no connection")
	p.Config.Listen.Ops, p.Config.Tracing.Endpoint = status(503), status(200)
	finds(t, p, "readiness", "FAULT", "is not ready (HTTP 503)")
	finds(t, p, "traces", "WARNING", "it speaks no TLS")
	p.Config.Tracing.Insecure = true
	finds(t, p, "traces", "OK", "it is reached")
	p.Config.Tracing.Insecure, p.Config.Tracing.Endpoint = false, secure.Listener.Addr().String()
	finds(t, p, "traces", "WARNING", "no connection: ")
	p.Config.Listen.Ops = status(200)
	finds(t, p, "readiness", "OK", "the service is ready")
}
