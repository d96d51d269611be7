// SPDX-License-Identifier: Apache-2.0

package replay_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/koogate/koogate/koogallery/clock"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/recorder"
	"github.com/koogate/koogate/koogallery/recorder/replay"
	"github.com/koogate/koogate/koogallery/recorder/tape"
	"github.com/koogate/koogate/koogallery/seal"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/koogallery/simulator"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	"github.com/koogate/koogate/koogallery/simulator/rehearsal"
	"github.com/koogate/koogate/koogallery/simulator/simtest"
)

// spy is the marketplace's transport: it remembers what must not get into a recording.
type spy struct {
	http.Transport
	mu      sync.Mutex
	secrets []string
}

func (s *spy) RoundTrip(r *http.Request) (*http.Response, error) {
	q := r.URL.Query()
	s.mu.Lock()
	s.secrets = append(s.secrets, q.Get("signature"), q.Get("nonce"), q.Get("authToken"))
	for _, name := range []string{sign.KitSignHeader, sign.KitNonceHeader, sign.AuthTokenHeader} {
		s.secrets = append(s.secrets, r.Header[name]...)
	}
	s.mu.Unlock()
	return s.Transport.RoundTrip(r)
}

// record records what a marketplace does to a seller. drive gets the address to call.
func record(t *testing.T, seller string, c clock.Clock, drive func(address string, client *http.Client)) (file []byte, secrets []string) {
	t.Helper()
	var out bytes.Buffer
	r, err := recorder.New(recorder.Config{
		To: seller + "/produce/demo", Keys: []string{"an older key that still counts", simtest.FacadeKey}, KitKeys: []string{simtest.KitKey},
		Cipher: seal.AES128, Out: tape.NewWriter(&out, c.Now()), Clock: c, Random: rand.Reader, Told: func(trouble string) { t.Error(trouble) },
	})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan error, 1)
	go func() { over <- r.Serve(ctx, l) }()
	s := new(spy)
	drive("http://"+l.Addr().String()+"/produce/demo", &http.Client{Transport: s})
	s.CloseIdleConnections()
	cancel()
	if err := <-over; err != nil {
		t.Fatal(err)
	}
	if n := r.Counts(); n.Lost+n.Withheld+n.Passed > 0 || n.Recorded == 0 {
		t.Errorf("%+v", n)
	}
	return out.Bytes(), append(s.secrets, simtest.FacadeKey, simtest.KitKey)
}

// day is a whole day of every family but SaaS V2.0: lives and joint purchases, in order and out of it.
func day(t *testing.T) (p *simtest.Partner, file []byte, secrets []string) {
	t.Helper()
	p = simtest.NewPartner(t, nil)
	file, secrets = record(t, p.URL, p.Clock, func(address string, client *http.Client) {
		sim := simtest.Rehearsal(t, p, func(cfg *simulator.Config) { cfg.FacadeURL, cfg.HTTPClient = address, client })
		passed := func(r rehearsal.Report, err error) {
			t.Helper()
			if err != nil || r.Result != rehearsal.Passed {
				t.Fatalf("%+v, %v", r, err)
			}
		}
		for _, f := range judge.Families()[1:] {
			passed(sim.LifeOf(t.Context(), f))
			if f.Joint() {
				passed(sim.Joint(t.Context(), f, nil))
				passed(sim.JointShuffled(t.Context(), f, 7, nil))
			}
		}
	})
	return p, file, secrets
}

// target is another partner, for a replay.
func target(t *testing.T, spoil func(string, int, *simtest.Said)) *simtest.Partner {
	t.Helper()
	p := simtest.NewPartner(t, spoil)
	p.Quiet = true
	return p
}

func read(t *testing.T, file []byte) *tape.Recording {
	t.Helper()
	r, err := tape.Read(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// play replays a file against a seller of simtest's.
func play(t *testing.T, file []byte, url string, c clock.Clock, change func(*replay.Config)) *replay.Report {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	cfg := replay.Config{
		URL: url + "/produce/demo", Key: simtest.FacadeKey, KitKey: simtest.KitKey, PublicKey: &simtest.CredentialKey().PublicKey,
		Staging: true, HTTPClient: client, Clock: c, Random: rand.Reader,
	}
	if change != nil {
		change(&cfg)
	}
	report, err := replay.Run(t.Context(), cfg, read(t, file))
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func alike(t *testing.T, r *replay.Report, calls int) {
	t.Helper()
	if len(r.Differences)+len(r.LeftOut)+len(r.Torn) > 0 || r.Calls != calls || r.Same != calls {
		text, _ := json.MarshalIndent(r, "", " ")
		t.Errorf("%d calls: %s", calls, text)
	}
}

// A day of seven families is replayed against the same seller anew. The seller of the tests complains of whatever the marketplace would
// never send, so this holds the replay to the wire too.
func TestADayAgainstTheSameBuild(t *testing.T) {
	was, file, _ := day(t)
	calls := len(was.Sequence())
	for _, rate := range []float64{0, 1, 1000} {
		p := target(t, nil)
		alike(t, play(t, file, p.URL, p.Clock, func(cfg *replay.Config) { cfg.Rate = rate }), calls)
		if got := len(p.Sequence()); got != calls {
			t.Errorf("%d calls came, want %d", got, calls)
		}
	}
}

// A day of SaaS V2.0, every kind of order.
func TestADayOfSaasV2(t *testing.T) {
	c := simtest.NewClock()
	s := simtest.NewSeller(t, c, nil)
	file, secrets := record(t, s.URL, c, func(address string, client *http.Client) {
		cfg := simtest.Config(s)
		cfg.FacadeURL, cfg.HTTPClient = address, client
		sim := simtest.NewSimulator(t, cfg)
		for _, kind := range catalogue.Kinds() {
			if r, err := sim.Life(t.Context(), kind); err != nil || r.Result != rehearsal.Passed {
				t.Fatalf("%+v, %v", r, err)
			}
		}
		if r, err := sim.DialTest(t.Context()); err != nil || r.Result != rehearsal.Passed {
			t.Fatalf("%+v, %v", r, err)
		}
	})
	c2 := simtest.NewClock()
	again := simtest.NewSeller(t, c2, nil)
	alike(t, play(t, file, again.URL, c2, func(cfg *replay.Config) { cfg.Parallel = 1 }), len(s.Sequence()))
	noSecrets(t, file, append(secrets, "initial", "https://app.example.com"))
}

// The saved cases of every family.
func TestDialTests(t *testing.T) {
	p := simtest.NewPartner(t, nil)
	p.Debug, p.Quiet = true, true
	file, _ := record(t, p.URL, p.Clock, func(address string, client *http.Client) {
		sim := simtest.Rehearsal(t, p, func(cfg *simulator.Config) { cfg.FacadeURL, cfg.HTTPClient = address, client })
		for _, f := range judge.Families()[1:] {
			if r, err := sim.DialTestOf(t.Context(), f); err != nil || r.Result != rehearsal.Passed {
				t.Fatalf("%s: %+v, %v", f, r, err)
			}
		}
	})
	again := target(t, nil)
	again.Debug = true
	// Debugging calls need no staging.
	alike(t, play(t, file, again.URL, again.Clock, func(cfg *replay.Config) { cfg.Staging = false }), len(p.Sequence()))
}

// Nothing that is secret or personal is in the file, in any spelling.
func TestNoSecretInTheFile(t *testing.T) {
	p, file, secrets := day(t)
	for _, h := range p.Heard {
		for _, name := range []string{"mobilePhone", "email"} {
			if plain, err := seal.Decrypt(simtest.FacadeKey, seal.AES128, h[name]); err == nil {
				secrets = append(secrets, plain, h[name])
			}
		}
		if h["clientSecret"] != "" {
			plain, err := seal.DecryptSecret([]*rsa.PrivateKey{simtest.CredentialKey()}, h["clientSecret"])
			if err != nil {
				t.Fatal(err)
			}
			secrets = append(secrets, plain, h["clientSecret"], h["clientId"])
		}
		secrets = append(secrets, h["customerName"], h["customerId"], h["name"], h["tenantCode"], h["domainName"], h["license"], h["deviceFingerprint"])
		extended, _ := seal.ParseExtendParams(h["saasExtendParams"])
		for _, x := range extended {
			secrets = append(secrets, x.Value)
		}
		for _, list := range []string{"userList"} {
			var users []map[string]any
			if json.Unmarshal([]byte(h[list]), &users) == nil {
				for _, u := range users {
					for _, name := range []string{"userName", "name", "mobile", "email", "position", "workPlace"} {
						text, _ := u[name].(string)
						secrets = append(secrets, text)
					}
				}
			}
		}
		for _, id := range strings.Split(h["instanceId"], ",") {
			if id != "" {
				secrets = append(secrets, "secret of "+id, "licence of "+id, "https://app.example.com/"+id)
			}
		}
	}
	noSecrets(t, file, append(secrets, "first steps", "https://app.example.com"))
}
