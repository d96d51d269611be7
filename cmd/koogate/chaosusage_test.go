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
	"os/exec"
	"strings"
	"sync"
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
	"github.com/koogate/koogate/server"
	"github.com/koogate/koogate/server/usage"
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
	pushing := make(chan struct{}, 1)
	market := s.sim.Handler()
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == openapi.UsagePath {
			select {
			case pushing <- struct{}{}:
			default:
			}
		}
		market.ServeHTTP(w, r)
	}))
	defer front.Close()
	s.sim.SetFaults(simulator.Faults{Delay: 20 * time.Millisecond})
	s.sim.SetChaos(simulator.Chaos{Seed: seed, Drop: 0.03, RateLimit: 0.02, Fail: 0.05, DropAfter: 0.1, FailAfter: 0.05, Record: 0.01})

	var vendors []*vendor
	for n := range chaosSellers {
		vendors = append(vendors, newVendor(n, seed))
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
		if k%2 == 0 {
			select {
			case <-pushing: // what came before
			default:
			}
			select {
			case <-pushing:
				hit++
				time.Sleep(time.Duration(random.IntN(40)) * time.Millisecond)
			case <-time.After(2 * time.Second):
			}
		}
		p.kill()
		p.start()
		if (k+1)%20 == 0 {
			t.Logf("%d of %d kills, %s", k+1, kills, time.Since(began).Round(time.Second))
		}
	}
	time.Sleep(200 * time.Millisecond)
	if err := stopLoad(); err != nil {
		t.Error(err)
	}
	loaded := time.Since(began)
	counts := s.sim.FaultCounts()
	s.sim.SetFaults(simulator.Faults{})
	s.sim.SetChaos(simulator.Chaos{})
	var sum, reserved store.Units
	records, known := 0, 0
	for _, v := range vendors {
		v.settled(t, p)
	}
	s.ahead.Store(int64(2 * time.Hour)) // all bills are made
	for _, v := range vendors {
		v.check(t, p, s.sim)
		sum, reserved, records = sum+v.reported, reserved+v.committed, records+v.records
	}
	for _, r := range s.sim.UsageRecords("", 0) {
		if r.Code == "005" {
			known++
		}
	}
	if over := s.sim.Oversold(); len(over) > 0 {
		t.Errorf("oversold: %+v", over)
	}
	if err := s.sim.AuditBills(); err != nil {
		t.Error(err)
	}
	p.stop()
	if out, err := exec.Command(s.bin, "usage", "prove", "--config", p.config).CombinedOutput(); err != nil {
		t.Errorf("koogate usage prove: %v\n%s", err, out)
	}
	t.Logf("seed %d: %d kills, %d of them at a push, in %s; %d records of %s reported and %s reserved and committed, all billed once; "+
		"the marketplace's faults %+v, %d records sent again that it had; drained %s later",
		seed, kills, hit, loaded.Round(time.Second), records, usage.FormatAmount(sum), usage.FormatAmount(reserved), counts, known,
		(time.Since(began) - loaded).Round(time.Second))
	if records < kills || reserved == 0 {
		t.Error("the load was too light to prove anything")
	}
}

// vendor is one seller's systems: an instance whose use is reported, and one that may only use what its package holds.
type vendor struct {
	*rand.Rand
	name, token string
	direct      string   // the instance whose use is reported
	stopping    string   // the instance that stops when its packages are used up
	packages    []string // of it
	quota       store.Units

	made, records       int
	reported, committed store.Units
	used                map[string]store.Units // by package
}

func newVendor(n int, seed uint64) *vendor {
	name := fmt.Sprintf("vendor-%d", n)
	return &vendor{
		Rand: rand.New(rand.NewPCG(seed, uint64(n)+2)), name: name, token: testToken + "-" + name, direct: "inst-" + name + "-direct",
		stopping: "inst-" + name + "-stopping", packages: []string{"inst-" + name + "-package"}, quota: 1500_0000,
		used: make(map[string]store.Units),
	}
}

// seedUsage puts instances of three weeks ago into the database, so that use of past hours can be reported, which is due at
// once, and tells the marketplace of them.
func (s *site) seedUsage(vendors []*vendor) {
	s.t.Helper()
	ctx := s.t.Context()
	log := slog.New(slog.DiscardHandler)
	st, err := openStore(ctx, server.Database{URL: server.Secret(s.database)}, wiring{log: log, prepare: true})
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() {
		if err := st.Close(); err != nil {
			s.t.Error(err)
		}
	}()
	at := time.Now().UTC().Add(-20 * 24 * time.Hour).Truncate(time.Hour)
	for _, v := range vendors {
		for _, id := range append([]string{v.direct, v.stopping}, v.packages...) {
			mode, adoption := "ON_DEMAND", simulator.Adoption{}
			if id != v.direct && id != v.stopping {
				mode, adoption = "ON_DEMAND_PKG", simulator.Adoption{Kind: simulator.Package, Quota: simulator.Amount(v.quota)}
			}
			c := storetest.Admission(strings.TrimPrefix(id, "inst-"), at)
			c.NewOrder.Seller, c.NewOrder.Endpoint, c.NewOrder.QueryState = v.name, v.name, store.QueryDone
			c.NewLines[0].Seller, c.Events[0].Seller, c.NewTasks = v.name, v.name, nil
			i := &c.NewInstances[0]
			i.Seller, i.Endpoint, i.State, i.Product.ChargingMode, i.Product.ProductID = v.name, v.name, store.InstanceActive, mode, "product"
			if err := st.Apply(ctx, c); err != nil {
				s.t.Fatal(err)
			}
			if err := s.sim.Adopt(id, adoption); err != nil {
				s.t.Fatal(err)
			}
		}
	}
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
			_ = sleep(ctx, 10*time.Millisecond)
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
	for _, id := range v.packages {
		if _, err := v.retry(over, func(ctx context.Context) error {
			_, err := quotas.PutQuota(ctx, &koogatev1.PutQuotaRequest{InstanceId: v.stopping, PackageId: id, Quota: usage.FormatAmount(v.quota)})
			return err
		}); err != nil {
			t.Errorf("%s: quota: %v", v.name, err)
			return
		}
	}
	for ctx.Err() == nil && !t.Failed() {
		if err := v.report(over, p, reports); err != nil {
			t.Errorf("%s: report: %v", v.name, err)
		}
		if err := v.draw(over, quotas, store.Units(1+v.IntN(20_0000))); err != nil && reason(err) != "QUOTA_EXHAUSTED" {
			t.Errorf("%s: reserve: %v", v.name, err)
		}
		_ = sleep(ctx, time.Duration(v.IntN(40))*time.Millisecond)
	}
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
	id := fmt.Sprintf("%s-r%d", v.name, v.made)
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
	request := &koogatev1.CommitReservationRequest{ReservationId: id, EndTime: timestamppb.New(v.pastHour())}
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

// settled waits until everything is pushed: a task that was killed waits for its lease, 15 s, others look every minute, and
// what failed several times waits for its turn.
func (v *vendor) settled(t *testing.T, p *process) {
	t.Helper()
	var last proof
	for deadline := time.Now().Add(11 * time.Minute); time.Now().Before(deadline); time.Sleep(500 * time.Millisecond) {
		last = proof{}
		if v.ask(t, p, "/v1/usage:prove", &last); last.Pending == "0" && last.Sending == "0" {
			return
		}
	}
	t.Errorf("%s: not everything is pushed: %+v", v.name, last)
}

// check compares what was acknowledged with what is booked and billed.
func (v *vendor) check(t *testing.T, p *process, sim *simulator.Simulator) {
	t.Helper()
	var proof proof
	v.ask(t, p, "/v1/usage:prove", &proof)
	all := usage.FormatAmount(v.reported + v.committed)
	if proof.Raw != all || proof.Pushed != all || proof.Difference != "0" || len(proof.Refused) > 0 {
		t.Errorf("%s: the proof is %+v, reported and committed were %s", v.name, proof, all)
	}
	for id, want := range map[string]store.Units{v.direct: v.reported, v.stopping: v.committed} {
		if got := sim.Billed(id); store.Units(got.Billed) != want || got.Waiting != 0 {
			t.Errorf("%s: billed %+v, ingested %s", id, got, usage.FormatAmount(want))
		}
	}
	v.checkQuotas(t, p)
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
		if used > v.quota || q.Used != usage.FormatAmount(used) || q.Reserved != "0" || q.Left != usage.FormatAmount(v.quota-used) {
			t.Errorf("%s: %+v, committed %s", q.PackageID, q, usage.FormatAmount(used))
		}
	}
}
