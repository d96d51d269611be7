// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/koogallery/openapi"
	"github.com/koogate/koogate/koogallery/simulator"
	"github.com/koogate/koogate/koogallery/simulator/billing"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	"github.com/koogate/koogate/koogallery/simulator/fault"
	"github.com/koogate/koogate/koogallery/simulator/market"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/server/usage"
	"github.com/koogate/koogate/server/work"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
)

// chaosSellers are several, because each pushes by a task of its own: one that was killed with its process rests for the
// length of a lease.
const chaosSellers = 16

// House rule 2, for units: kill -9 at random moments, many of them while a push is on its way, under reports over gRPC and
// REST and under reservations, on a marketplace that loses answers. In the end everything that was acknowledged is billed,
// once, no package is oversold, and the ledger is proved. KOOGATE_CHAOS_N kills; 3 by default.
func TestChaosUsage(t *testing.T) {
	kills := int(fromEnv(t, "KOOGATE_CHAOS_N", 3))
	for _, database := range []string{"sqlite", "postgres"} {
		t.Run(database, func(t *testing.T) { chaosUsage(t, newSite(t, database), kills) })
	}
}

func chaosUsage(t *testing.T, s *site, kills int) {
	seed := fromEnv(t, "KOOGATE_SEED", uint64(time.Now().UnixNano())/1000)
	random := rand.New(rand.NewPCG(seed, 1))
	var pushes atomic.Int64 // on their way now
	market := s.sim.Handler()
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == openapi.UsagePath {
			pushes.Add(1)
			defer pushes.Add(-1)
		}
		market.ServeHTTP(w, r)
	}))
	defer front.Close()
	s.sim.SetFaults(fault.Plan{Delay: 50 * time.Millisecond})
	s.sim.SetChaos(fault.Chaos{Seed: seed, Drop: 0.03, RateLimit: 0.02, Fail: 0.05, DropAfter: 0.1, FailAfter: 0.05, Record: 0.01})

	var vendors []*vendor
	for n := range chaosSellers {
		vendors = append(vendors, newVendor(fmt.Sprintf("vendor-%d", n), seed+uint64(n), 1500_0000))
	}
	s.seedUsage(vendors)
	p := s.usageProcess(vendors, front.URL)
	p.start()
	stopLoad := background(func(ctx context.Context) error {
		var wg sync.WaitGroup
		for _, v := range vendors {
			wg.Go(func() { v.live(ctx, t, p) })
		}
		wg.Wait()
		return nil
	})
	began, hit := time.Now(), 0
	for k := range kills {
		time.Sleep(time.Duration(20+random.IntN(300)) * time.Millisecond)
		for n := 0; k%2 == 0 && n < 1000 && pushes.Load() == 0; n++ { // every other one waits for a push
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Duration(random.IntN(60)) * time.Millisecond)
		if pushes.Load() > 0 {
			hit++
		}
		p.kill()
		s.hurry(vendors)
		p.start()
		if (k+1)%20 == 0 {
			t.Logf("%d of %d kills, %s", k+1, kills, time.Since(began).Round(time.Second))
		}
	}
	time.Sleep(200 * time.Millisecond)
	if err := stopLoad(); err != nil {
		t.Error(err)
	}
	p.stop()
	loaded, counts := time.Since(began), s.sim.FaultCounts()
	s.sim.SetFaults(fault.Plan{})
	s.sim.SetChaos(fault.Chaos{})
	s.drain(p, func() {
		for _, v := range vendors {
			v.settled(t, p)
		}
		s.ahead.Store(int64(4 * time.Hour)) // all bills are made
		for _, v := range vendors {
			v.check(t, p)
			v.checkBills(t, s.sim)
		}
	})
	if over := s.sim.Oversold(); len(over) > 0 {
		t.Errorf("oversold: %+v", over)
	}
	if err := s.sim.AuditBills(); err != nil {
		t.Error(err)
	}
	s.run("usage", "prove", "--config", p.config)
	var sum, committed store.Units
	records, known, told := 0, 0, s.sim.UsageRecords("", 0)
	for _, v := range vendors {
		sum, committed, records = sum+v.reported, committed+v.committed, records+v.records
	}
	for _, r := range told {
		if r.Code == "005" {
			known++
		}
	}
	t.Logf("seed %d: %d kills in %s, %d of them at a push; %d records of %s reported, %s reserved and committed, all billed once in %d records; "+
		"faults of the marketplace %+v; it was sent %d records again that it had", seed, kills, loaded.Round(time.Second), hit, records,
		usage.FormatAmount(sum), usage.FormatAmount(committed), len(told), counts, known)
	if records < kills || committed == 0 {
		t.Error("the load was too light to prove anything")
	}
}

// hurry lets the standing tasks come to their turn as if the process had been away for longer than a lease and their rest.
func (s *site) hurry(vendors []*vendor) {
	s.t.Helper()
	ctx := s.t.Context()
	s.open(func(st store.Store) error {
		for _, v := range vendors {
			task, err := st.Task(ctx, work.StandingID(usage.QueuePush, v.name))
			if errors.Is(err, store.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			c := store.Change{PutTasks: []store.TaskPut{{Task: task, ExpectState: task.State, ExpectFence: task.Fence}}}
			c.PutTasks[0].State, c.PutTasks[0].DueAt = store.TaskReady, time.Now().UTC()
			if err := st.Apply(ctx, &c); err != nil {
				return err
			}
		}
		return nil
	})
}

// open opens the site's database, which no process may have open if it is a file.
func (s *site) open(do func(st store.Store) error) {
	s.t.Helper()
	st, err := openStore(s.t.Context(), config.Database{URL: config.Secret(s.database)}, wiring{log: slog.New(slog.DiscardHandler), prepare: true})
	if err != nil {
		s.t.Fatal(err)
	}
	if err := errors.Join(do(st), st.Close()); err != nil {
		s.t.Fatal(err)
	}
}

// aheadClock is the machine's, two hours ahead.
type aheadClock struct{ clock.System }

// Now implements clock.Clock.
func (aheadClock) Now() time.Time { return time.Now().UTC().Add(2 * time.Hour) }

// drain goes on in this process, two hours later: the last windows are over, and so are leases, rests and pauses.
func (s *site) drain(p *process, do func()) {
	s.t.Helper()
	s.ahead.Store(int64(2 * time.Hour))
	cfg, problems := configFlags{Config: p.config}.load()
	if len(problems) > 0 {
		s.t.Fatal(problems)
	}
	app, err := newServer(s.t.Context(), cfg, wiring{log: slog.New(slog.DiscardHandler), clock: aheadClock{}})
	if err != nil {
		s.t.Fatal(err)
	}
	stop := background(app.Run)
	defer func() {
		if err := stop(); err != nil {
			s.t.Error(err)
		}
	}()
	within(s.t, time.Minute, "the server on a wrong clock is ready", func() bool { return p.ready() == http.StatusOK })
	do()
}

// vendor is one seller's systems: an instance whose use is reported, and one that may only use what its package holds.
type vendor struct {
	*rand.Rand
	name, token string
	tag         string                 // of its keys, among several consumers of one seller
	direct      string                 // the instance whose use is reported
	stopping    string                 // the instance that stops when its packages are used up
	packages    []string               // of it
	quotas      map[string]store.Units // by package

	made, records       int
	reported, committed store.Units
	used                map[string]store.Units // by package
}

func newVendor(name string, seed uint64, quotas ...store.Units) *vendor {
	v := &vendor{
		Rand: rand.New(rand.NewPCG(seed, 2)), name: name, token: testToken + "-" + name, direct: "inst-" + name + "-direct",
		stopping: "inst-" + name + "-stopping", quotas: make(map[string]store.Units), used: make(map[string]store.Units),
	}
	for n, quota := range quotas {
		id := fmt.Sprintf("inst-%s-package-%d", name, n)
		v.packages = append(v.packages, id)
		v.quotas[id] = quota
	}
	return v
}

// seedUsage puts instances of three weeks ago into the database, so that use of past hours can be reported, which is due at
// once, and tells the marketplace of them.
func (s *site) seedUsage(vendors []*vendor) {
	s.t.Helper()
	ctx := s.t.Context()
	at := time.Now().UTC().Add(-20 * 24 * time.Hour).Truncate(time.Hour)
	seed := func(st store.Store, v *vendor) error {
		for _, id := range append([]string{v.direct, v.stopping}, v.packages...) {
			mode, adoption := "ON_DEMAND", market.Adoption{}
			if quota, ok := v.quotas[id]; ok {
				mode, adoption = "ON_DEMAND_PKG", market.Adoption{Kind: catalogue.Package, Quota: billing.Amount(quota)}
			}
			c := storetest.Admission(strings.TrimPrefix(id, "inst-"), at)
			c.NewOrder.Seller, c.NewOrder.Endpoint, c.NewOrder.QueryState = v.name, v.name, store.QueryDone
			c.NewLines[0].Seller, c.Events[0].Seller, c.NewTasks = v.name, v.name, nil
			i := &c.NewInstances[0]
			i.Seller, i.Endpoint, i.State, i.Product.ChargingMode, i.Product.ProductID = v.name, v.name, store.InstanceActive, mode, "product"
			if err := errors.Join(st.Apply(ctx, c), s.sim.Adopt(id, adoption)); err != nil {
				return err
			}
		}
		return nil
	}
	s.open(func(st store.Store) error {
		for _, v := range vendors {
			if err := seed(st, v); err != nil {
				return err
			}
		}
		return nil
	})
}

// usageProcess is a process with a seller and an endpoint for each vendor.
func (s *site) usageProcess(vendors []*vendor, market string) *process {
	s.t.Helper()
	p := s.process(true)
	var sellers, endpoints strings.Builder
	for _, v := range vendors {
		fmt.Fprintf(&sellers, "  - {name: %s, api_tokens: ['%s'], marketplace: {base_url: '%s', access_key: ak, secret_key: process-test-secret-key-0123}}\n",
			v.name, v.token, market)
		fmt.Fprintf(&endpoints, "  - {name: %s, seller: %s, keys: ['%s'], products: {'*': {provisioner: worker, meter: {name: calls, settle: 0s}}}}\n",
			v.name, v.name, testKey)
	}
	redis := ""
	if s.redis != "" {
		redis = "redis: {addrs: ['" + s.redis + "'], prefix: '" + s.prefix + ":'}"
	}
	text := fmt.Sprintf(`
listen: {facade: '%s', api: '%s', grpc: '%s', ops: '%s'}
database: {url: '%s'}
%s
keyset_file: '%s'
sellers:
%sendpoints:
%sprovisioners: [{name: worker, type: worker}]
jobs: {enabled: true, concurrency: 8}
`, p.facade, p.api, p.grpc, p.ops, s.database, redis, s.path("keyset.json"), &sellers, &endpoints)
	if err := os.WriteFile(p.config, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return p
}

// dial connects to a process, through its deaths.
func (p *process) dial() (*grpc.ClientConn, error) {
	return grpc.NewClient(p.grpc, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithConnectParams(grpc.ConnectParams{MinConnectTimeout: time.Second}))
}

// retry repeats a call until it is answered; first says whether its effect is sure to be that of this call. What the server
// refuses for a reason is an answer.
func (v *vendor) retry(ctx context.Context, do func(ctx context.Context) error) (first bool, err error) {
	for first = true; ; first = false {
		call, cancel := context.WithTimeout(metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+v.token), 5*time.Second)
		err := do(call)
		cancel()
		switch status.Code(err) {
		case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled, codes.Unknown, codes.Aborted:
			if ctx.Err() != nil {
				return first, err
			}
			_ = clock.Sleep(ctx, clock.System{}, 10*time.Millisecond)
		default:
			return first, err
		}
	}
}

// live uses and reports until ctx ends, and brings what it began to its end.
func (v *vendor) live(ctx context.Context, t *testing.T, p *process) {
	conn, err := p.dial()
	if err != nil {
		t.Error(err)
		return
	}
	defer conn.Close()
	over, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Minute)
	defer cancel()
	reports, quotas := koogatev1.NewUsageServiceClient(conn), koogatev1.NewQuotaServiceClient(conn)
	if err := v.putQuotas(over, quotas); err != nil {
		t.Errorf("%s: quota: %v", v.name, err)
		return
	}
	for ctx.Err() == nil && !t.Failed() {
		if err := v.report(over, p, reports); err != nil {
			t.Errorf("%s: report: %v", v.name, err)
		}
		if err := v.draw(over, quotas, store.Units(1+v.IntN(20_0000))); err != nil && reason(err) != "QUOTA_EXHAUSTED" {
			t.Errorf("%s: reserve: %v", v.name, err)
		}
		_ = clock.Sleep(ctx, clock.System{}, time.Duration(v.IntN(40))*time.Millisecond)
	}
}

// putQuotas tells what the packages hold.
func (v *vendor) putQuotas(ctx context.Context, client koogatev1.QuotaServiceClient) error {
	for _, id := range v.packages {
		if _, err := v.retry(ctx, func(ctx context.Context) error {
			_, err := client.PutQuota(ctx, &koogatev1.PutQuotaRequest{InstanceId: v.stopping, PackageId: id, Quota: usage.FormatAmount(v.quotas[id])})
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}

// pastHour is the end of a use whose window is over.
func (v *vendor) pastHour() time.Time {
	return time.Now().UTC().Add(-2*time.Hour - time.Duration(v.Int64N(int64(19*24*time.Hour)))).Truncate(time.Microsecond)
}

// report reports some records, over gRPC or REST.
func (v *vendor) report(ctx context.Context, p *process, client koogatev1.UsageServiceClient) error {
	request := &koogatev1.ReportUsageRequest{}
	var sum store.Units
	for range 1 + v.IntN(10) {
		v.made++
		value := store.Units(1 + v.IntN(100_0000))
		sum += value
		request.Records = append(request.Records, &koogatev1.RawUsage{
			Key: fmt.Sprintf("%s-%d", v.name, v.made), InstanceId: v.direct, Value: usage.FormatAmount(value), EndTime: timestamppb.New(v.pastHour()),
		})
	}
	var response *koogatev1.ReportUsageResponse
	rest := v.IntN(2) == 0
	first, err := v.retry(ctx, func(ctx context.Context) (err error) {
		if rest {
			response, err = v.reportREST(ctx, p, request)
		} else {
			response, err = client.ReportUsage(ctx, request)
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, r := range response.GetResults() {
		if first || r.GetOutcome() != koogatev1.UsageOutcome_USAGE_OUTCOME_DUPLICATE {
			return fmt.Errorf("%v", r)
		}
	}
	if int(response.GetAdded())+len(response.GetResults()) != len(request.GetRecords()) {
		return fmt.Errorf("%d records, answered %v", len(request.GetRecords()), response)
	}
	v.records += len(request.GetRecords())
	v.reported += sum
	return nil
}

// reportREST is the same over REST; an HTTP error comes back as a gRPC status.
func (v *vendor) reportREST(ctx context.Context, p *process, request *koogatev1.ReportUsageRequest) (*koogatev1.ReportUsageResponse, error) {
	body, err := protojson.Marshal(request)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+p.api+"/v1/usage:report", strings.NewReader(string(body)))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+v.token)
	r.Header.Set("Content-Type", "application/json")
	res, err := wire.Do(r)
	if err != nil {
		return nil, status.Error(codes.Unavailable, err.Error())
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	switch {
	case err != nil || res.StatusCode == http.StatusServiceUnavailable || res.StatusCode == http.StatusGatewayTimeout:
		return nil, status.Errorf(codes.Unavailable, "%d %s %v", res.StatusCode, text, err)
	case res.StatusCode != http.StatusOK:
		return nil, status.Errorf(codes.Internal, "%d %s", res.StatusCode, text)
	}
	response := &koogatev1.ReportUsageResponse{}
	return response, protojson.Unmarshal(text, response)
}

// draw reserves an amount and commits all or some of it, or gives it back. The error of a refused reservation comes back as it is.
func (v *vendor) draw(ctx context.Context, client koogatev1.QuotaServiceClient, amount store.Units) error {
	v.made++
	id := fmt.Sprintf("%s-%s-r%d", v.name, v.tag, v.made)
	var held *koogatev1.Reservation
	_, err := v.retry(ctx, func(ctx context.Context) error {
		response, err := client.ReserveQuota(ctx, &koogatev1.ReserveQuotaRequest{
			InstanceId: v.stopping, ReservationId: id, Amount: usage.FormatAmount(amount), Hold: durationpb.New(time.Hour),
		})
		held = response.GetReservation()
		return err
	})
	if err != nil {
		return err
	}
	if held.GetState() != koogatev1.ReservationState_RESERVATION_STATE_HELD || held.GetAmount() != usage.FormatAmount(amount) {
		return fmt.Errorf("reserved %v", held)
	}
	if v.IntN(10) == 0 {
		_, err := v.retry(ctx, func(ctx context.Context) error {
			_, err := client.CancelReservation(ctx, &koogatev1.CancelReservationRequest{ReservationId: id})
			return err
		})
		return err
	}
	request := &koogatev1.CommitReservationRequest{ReservationId: id}
	used := amount
	if v.IntN(3) == 0 {
		used = store.Units(v.Int64N(int64(amount))) + 1
		request.Used = usage.FormatAmount(used)
	}
	var done *koogatev1.Reservation
	if _, err := v.retry(ctx, func(ctx context.Context) error {
		response, err := client.CommitReservation(ctx, request)
		done = response.GetReservation()
		return err
	}); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	if done.GetState() != koogatev1.ReservationState_RESERVATION_STATE_COMMITTED || done.GetUsed() != usage.FormatAmount(used) {
		return fmt.Errorf("committed %v, not %s", done, usage.FormatAmount(used))
	}
	v.committed += used
	left := used
	for _, part := range done.GetParts() { // used in their order
		held, ok := usage.ParseAmount(part.GetAmount())
		if !ok {
			return fmt.Errorf("part %v", part)
		}
		u := min(held, left)
		v.used[part.GetPackageId()] += u
		left -= u
	}
	return nil
}

// reason is the ErrorInfo's of an error.
func reason(err error) string {
	var s interface{ GRPCStatus() *status.Status }
	if !errors.As(err, &s) {
		return ""
	}
	for _, d := range s.GRPCStatus().Details() {
		if info, ok := d.(*errdetails.ErrorInfo); ok {
			return info.GetReason()
		}
	}
	return ""
}

// ask reads from the internal REST API as the vendor.
func (v *vendor) ask(t *testing.T, p *process, path string, into any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+p.api+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+v.token)
	res, err := wire.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %d %s %v", path, res.StatusCode, text, err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("GET %s: %v in %s", path, err, text)
	}
}

// proof is what GET /v1/usage:prove answers.
type proof struct {
	Raw, Pending, Sending, Pushed, Difference string
	Refused                                   map[string]string
}

// settled waits until everything is pushed.
func (v *vendor) settled(t *testing.T, p *process) {
	t.Helper()
	var last proof
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		last = proof{}
		if v.ask(t, p, "/v1/usage:prove", &last); last.Pending == "0" && last.Sending == "0" {
			return
		}
	}
	t.Errorf("%s: not everything is pushed: %+v", v.name, last)
}

// check compares what was acknowledged with what is booked and pushed.
func (v *vendor) check(t *testing.T, p *process) {
	t.Helper()
	var proof proof
	v.ask(t, p, "/v1/usage:prove", &proof)
	all := usage.FormatAmount(v.reported + v.committed)
	if proof.Raw != all || proof.Pushed != all || proof.Difference != "0" || len(proof.Refused) > 0 {
		t.Errorf("%s: the proof is %+v, reported and committed were %s", v.name, proof, all)
	}
	v.checkQuotas(t, p)
}

// checkBills compares it with the bills.
func (v *vendor) checkBills(t *testing.T, sim *simulator.Simulator) {
	t.Helper()
	for id, want := range map[string]store.Units{v.direct: v.reported, v.stopping: v.committed} {
		if got := sim.Billed(id); store.Units(got.Billed) != want || got.Waiting != 0 {
			t.Errorf("%s: billed %+v, ingested %s", id, got, usage.FormatAmount(want))
		}
	}
	for _, u := range sim.PackageUses() {
		if want, mine := v.used[u.PackageID]; mine && store.Units(u.Used) != want {
			t.Errorf("%s: %s deducted, %s committed", u.PackageID, u.Used, usage.FormatAmount(want))
		}
	}
}

// checkQuotas compares the packages with what was committed of each.
func (v *vendor) checkQuotas(t *testing.T, p *process) {
	t.Helper()
	var list struct {
		Quotas []struct{ PackageID, Quota, Used, Reserved, Left string }
	}
	v.ask(t, p, "/v1/instances/"+v.stopping+"/quotas", &list)
	if len(list.Quotas) != len(v.packages) {
		t.Errorf("%s: %d packages", v.stopping, len(list.Quotas))
	}
	for _, q := range list.Quotas {
		used := v.used[q.PackageID]
		left := v.quotas[q.PackageID] - used
		if left < 0 || q.Used != usage.FormatAmount(used) || q.Reserved != "0" || q.Left != usage.FormatAmount(left) {
			t.Errorf("%s: %+v, committed %s", q.PackageID, q, usage.FormatAmount(used))
		}
	}
}
