// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/koogallery/seal"
	"github.com/koogate/koogate/server"
	"github.com/koogate/koogate/server/config"
)

// worked is one call of a family, and what the worker that gets its task must print.
type worked struct {
	family string
	call   func(r *rig, o string) reply
	prints string // {o} stands for the order
}

func workedFamilies() []worked {
	const asked = `by customer "c-1": 10 x product "OFFI-1", sku "sku-1", PERIOD, for 1 year, until 2027-11-23`
	return []worked{
		{
			"saas_v2", func(r *rig, o string) reply {
				return r.post("slow", params{"activity": "newInstance", "orderId": o, "orderLineId": o + "-1", "businessId": o})
			}, `NEW {o} ` + asked,
		},
		{
			"saas_v2 renewal", func(r *rig, o string) reply { // of what the family before has bought; the marketplace is not asked
				return r.post("slow", params{
					"activity": "refreshInstance", "scene": "RENEWAL", "orderId": o, "orderLineId": o + "-1",
					"instanceId": strings.Replace(o, "-1", "-0", 1), "expireTime": "20281123155959000",
				})
			}, `RENEW {o} by customer "c-1": 10 x product "OFFI-1", sku "sku-1", PERIOD, until 2028-11-23`,
		},
		{
			"saas_v1", func(r *rig, o string) reply {
				return r.get("slow", v1Purchase.with(params{"orderId": o, "businessId": o, "amount": "7"}))
			}, `NEW {o} by customer "c-1": 7 x product "p-1", sku "s-1", PERIOD, for 1 year, until 2030-07-27`,
		},
		{
			"license_v1", func(r *rig, o string) reply {
				return r.get("slow", v1Purchase.with(params{
					"activity": "getLicense", "orderId": o, "businessId": o, "customerId": "c-2", "periodType": "month", "periodNumber": "3",
					"saasExtendParams": seal.FormatExtendParams([]seal.Param{{Name: "identificationCode", Value: "canary-device"}}),
				}))
			}, `NEW {o} by customer "c-2": 0 x product "p-1", sku "s-1", PERIOD, for 3 month, until 2030-07-27`,
		},
		{
			"license_online", func(r *rig, o string) reply {
				return r.post("online", params{"activity": "newInstance", "orderId": o, "orderLineId": o + "-1", "businessId": o})
			}, `NEW {o} ` + asked,
		},
		{
			"license_code", func(r *rig, o string) reply {
				return r.post("slow", params{
					"activity": "refreshLicenseCode", "scene": "RENEWAL", "orderId": o, "orderLineId": o + "-1", "license": "PL-canary-" + o,
					"productId": "OFFI-3", "expireTime": "20300523201932",
				})
			}, `RENEW {o} by the holder of a licence code: 0 x product "OFFI-3", sku "", until 2030-05-23`,
		},
	}
}

// Each example worker prints who bought what for how long, for every family that creates instances, from the task alone.
func TestExampleWorkersPrintThePurchase(t *testing.T) {
	r := start(t, withEvery, func(cfg *config.Config, _ *server.Deps) {
		cfg.Endpoints = append(cfg.Endpoints, config.Endpoint{
			Name: "online", Seller: "acme", Families: []string{"license_online"}, Keys: []config.Secret{acmeKey}, Retry: config.RetryLicenseOnline,
			Products: map[string]config.Product{"*": {Provisioner: "crm"}},
		})
	})
	for _, w := range []struct {
		name, prefix string
		shown        func(line string) string
	}{
		{"worker", "G", strconv.Quote}, // in a log line
		{"restworker", "R", func(line string) string { return line + "\n" }},
	} {
		t.Run(w.name, func(t *testing.T) {
			out := runExample(t, r, w.name)
			for n, f := range workedFamilies() {
				order := w.prefix + "-" + strconv.Itoa(n)
				want := w.shown(strings.ReplaceAll(f.prints, "{o}", order))
				a := f.call(r, order)
				for try := 0; try < 10 && a.code == string(resultcode.Internal); try++ { // a busy machine
					a = f.call(r, order)
				}
				if a.code != string(resultcode.Success) && a.code != string(resultcode.Processing) {
					t.Fatalf("%s: %s", f.family, a.body)
				}
				found := func() bool { return strings.Contains(out.String(), want) }
				for end := time.Now().Add(30 * time.Second); !found() && time.Now().Before(end); {
					time.Sleep(20 * time.Millisecond)
				}
				if !found() {
					t.Fatalf("%s: the worker has not printed\n%s\nbut\n%s", f.family, want, out)
				}
			}
			if strings.Contains(out.String(), "canary") {
				t.Errorf("personal data in what the worker prints: %s", out)
			}
		})
	}
}

// runExample builds an example worker and runs it against the server until the test ends. What it prints is returned.
func runExample(t *testing.T, r *rig, name string) *syncBuffer {
	t.Helper()
	bin := filepath.Join(t.TempDir(), name)
	if text, err := exec.CommandContext(t.Context(), "go", "build", "-o", bin, "../docs/examples/"+name).CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, text)
	}
	out := &syncBuffer{}
	cmd := exec.Command(bin)
	cmd.Env = append(os.Environ(), "KOOGATE_ADDR="+r.Addr(config.ListenerGRPC), "KOOGATE_URL=http://"+r.Addr(config.ListenerAPI),
		"KOOGATE_TOKEN="+acmeToken, "KOOGATE_QUEUE=crm")
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Error(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	})
	return out
}
