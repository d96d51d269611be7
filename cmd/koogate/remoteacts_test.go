// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/metadata"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
)

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// What is sold through is made, changed and ended by files and flags; what the command line does not hold is a secret.
func TestChangingWhatIsSold(t *testing.T) {
	r := newRemoteSite(t)
	r.login(t)
	_, errs := does(t, exitOK, "provisioners", "create", "crm-2", "--set", "type=worker", "--reason", "a second CRM", "--dry-run")
	has(t, errs, "it would be done; nothing was changed")
	does(t, exitFailed, "provisioners", "get", "crm-2")
	does(t, exitOK, "provisioners", "create", "crm-2", "--set", "type=worker", "--reason", "a second CRM")

	shop := write(t, "shop.yaml", "endpoint: shop\nsettings: {families: [saas_v2], skew: 90s}\nproducts:\n  - {productId: '*', settings: {provisioner: crm-2}}\n")
	_, errs = does(t, exitUsage, "endpoints", "create", "store", "-f", shop)
	has(t, errs, `the file is about "shop", and the command about "store"`)
	for name, c := range map[string][2]string{
		"unknown": {"endpoint: shop\nfamilies: [x]\n", `unknown field "families"`}, "no object": {"- 1\n", "neither YAML nor JSON with one object"}, "empty": {"", "is empty"},
		"two": {"a: 1\n---\nb: 2\n", "more than one document"}, "a type": {"endpoint: shop\nsettings: {skew: soon}\n", "Duration"},
	} {
		_, errs := does(t, exitUsage, "endpoints", "create", "shop", "-f", write(t, "x.yaml", c[0]))
		if has(t, errs, c[1]); strings.Contains(errs, "\u00a0") {
			t.Errorf("%s: %q", name, errs)
		}
	}
	does(t, exitFailed, "endpoints", "create", "shop", "-f", "/nonexistent/x.yaml")
	out, errs := does(t, exitOK, "endpoints", "create", "shop", "-f", shop, "--reason", "a second shop")
	if len(strings.TrimSpace(out)) != 52 || strings.Contains(out, " ") {
		t.Errorf("the standard output has more than the key: %q", out)
	}
	has(t, errs, "settings.skew 1m30s", "The secret is shown this once:")
	typed(t, "secret: no-such-member")
	does(t, exitUsage, "endpoints", "update", "shop", "-f", "-")

	out, _ = does(t, exitOK, "endpoints", "update", "shop", "--set", "families=saas_v2,saas_v1", "--set", "skew=", "--set", `answers={"releaseInstance":"completion"}`, "-o", "json", "--reason", "x")
	settings := object(t, out)["settings"].(map[string]any)
	if len(settings["families"].([]any)) != 2 || settings["skew"] != nil || settings["answers"].(map[string]any)["releaseInstance"] != "completion" {
		t.Errorf("%s", out)
	}
	before := must(does(t, exitOK, "endpoints", "get", "shop", "-o", "yaml"))
	file := write(t, "edited.yaml", strings.Replace(before, "bodySign: false", "bodySign: true", 1))
	out, _ = does(t, exitOK, "endpoints", "update", "shop", "-f", file, "-o", "json")
	if s := object(t, out)["settings"].(map[string]any); s["bodySign"] != true || len(s["families"].([]any)) != 2 {
		t.Errorf("%s", out)
	}
	_, errs = does(t, exitFailed, "endpoints", "update", "shop", "-f", file) // it has changed since it was read
	has(t, errs, "ETAG_MISMATCH")
	_, errs = does(t, exitUsage, "endpoints", "update", "main", "-f", file)
	has(t, errs, `is about "shop", and the command about "main"`)
	partial := write(t, "partial.json", `{"isolate": true}`)
	out, _ = does(t, exitOK, "endpoints", "update", "shop", "-f", partial, "-o", "json")
	if s := object(t, out)["settings"].(map[string]any); s["isolate"] != true || s["bodySign"] != true {
		t.Errorf("a file of some fields changes those: %s", out)
	}
	out, _ = does(t, exitOK, "endpoints", "update", "shop", "-f", partial, "--replace", "--dry-run", "-o", "json")
	if s := object(t, out)["settings"].(map[string]any); s["isolate"] != true || s["bodySign"] != false {
		t.Errorf("with --replace the others go back: %s", out)
	}
	for args, part := range map[string]string{
		"--set nope=1": "no such field of EndpointSettings", "--set skew=fast": "is no duration", "--set body_sign=perhaps": "neither true nor false", "--set skew": "PATH=VALUE",
		"--replace": "what is to change", "--replace --set skew=1s": "--replace goes with -f", "": "what is to change?", "--set answers.x=1": "no such field",
	} {
		_, errs := does(t, exitUsage, append([]string{"endpoints", "update", "shop"}, strings.Fields(args)...)...)
		has(t, errs, part)
	}
	_, errs = does(t, exitFailed, "endpoints", "update", "shop", "--set", "skew=1h")
	has(t, errs, "koogate: INVALID_FIELD: settings.skew: ")
	_, errs = does(t, exitFailed, "endpoints", "update", "shop", "--set", "skew=1m", "--etag", "1")
	has(t, errs, "ETAG_MISMATCH")

	does(t, exitOK, "products", "create", "shop", "OFFI-SMS", "--set", "provisioner=crm-2", "--set", "meter.name=sms")
	out, _ = does(t, exitOK, "products", "update", "shop", "OFFI-SMS", "--set", "meter.window=86400s", "-o", "json")
	if m := object(t, out)["product"].(map[string]any)["settings"].(map[string]any)["meter"].(map[string]any); m["name"] != "sms" || m["window"] != "86400s" {
		t.Errorf("%s", out)
	}
	does(t, exitOK, "products", "update", "shop", "*", "--set", "provisioner=inside", "--open-tasks", "follow", "--reason", "crm-2 is full")
	_, errs = does(t, exitUsage, "products", "update", "shop", "*", "--set", "provisioner=inside", "--open-tasks", "run")
	has(t, errs, `--open-tasks: "run" is none of stay, follow`)
	_, errs = does(t, exitUsage, "products", "delete", "shop", "OFFI-SMS")
	has(t, errs, "--yes is missing", "delete product shop OFFI-SMS")
	does(t, exitOK, "products", "delete", "shop", "OFFI-SMS", "--dry-run")
	does(t, exitOK, "products", "delete", "shop", "OFFI-SMS", "--yes", "--reason", "closed")

	out, errs = does(t, exitOK, "provisioners", "create", "crm-3", "--set", "type=webhook", "--set", "webhook.url=https://crm.example.com/tasks")
	if !strings.HasPrefix(out, "whsec_") {
		t.Errorf("%q %q", out, errs)
	}
	out, _ = does(t, exitOK, "provisioners", "add-secret", "crm-3", "-o", "json")
	crm := object(t, out)
	if crm["secret"] == "" || len(crm["secrets"].([]any)) != 2 {
		t.Errorf("%s", out)
	}
	old := crm["secrets"].([]any)[0].(map[string]any)["secretId"].(string)
	does(t, exitOK, "provisioners", "retire-secret", "crm-3", old, "--yes")
	does(t, exitOK, "provisioners", "update", "crm-3", "--set", "webhook.timeout=3s")
	does(t, exitOK, "provisioners", "delete", "crm-3", "-y")

	out, _ = does(t, exitOK, "keys", "create", "shop", "--reason", "rotation", "-o", "json")
	key := object(t, out)
	if len(key["secret"].(string)) != 52 {
		t.Errorf("%s", out)
	}
	typed(t, "a-key-of-the-seller-centre-0123456789\n")
	out, errs = does(t, exitOK, "keys", "create", "shop", "--secret-file", "-")
	if has(t, out, "key.purpose BASE"); strings.Contains(out+errs, "seller-centre") {
		t.Errorf("a key that was given is shown: %s%s", out, errs)
	}
	_, errs = does(t, exitUsage, "keys", "create", "shop", "--purpose", "burn")
	has(t, errs, `--purpose: "burn" is none of base, kit, kit_private`)
	id := key["key"].(map[string]any)["keyId"].(string)
	does(t, exitFailed, "keys", "delete", id, "--yes")
	_, errs = does(t, exitUsage, "keys", "retire", id)
	has(t, errs, "--yes is missing")
	_, errs = does(t, exitUsage, "keys", "retire", id, "--config", r.config)
	has(t, errs, "leave one of them out")
	_, errs = does(t, exitUsage, "keys", "retire")
	has(t, errs, "which key?")
	has(t, must(does(t, exitOK, "keys", "retire", id, "--yes", "--reason", "rotated")), "state RETIRED")
	does(t, exitOK, "keys", "delete", id, "--yes")

	out, errs = does(t, exitOK, "tokens", "create", "reporter", "--scope", "read,usage", "--end-time", "2030-01-01", "--reason", "reports")
	if len(strings.TrimSpace(out)) != 52 {
		t.Errorf("%q", out)
	}
	has(t, errs, "token.scopes READ, USAGE", "token.end_time 2029-12-31T16:00:00Z")
	secret := write(t, "reporter", out)
	does(t, exitOK, "orders", "list", "--token-file", secret)
	open := filepath.Join(t.TempDir(), "open")
	to, err := os.Create(open)
	if err != nil {
		t.Fatal(err)
	}
	if err := to.Chmod(0o644); err != nil {
		t.Fatal(err)
	}
	var log buffer
	if code := run(t.Context(), []string{"tokens", "create", "leaky", "--scope", "read"}, to, &log); code != exitFailed || !strings.Contains(log.String(), "others can read the file") {
		t.Errorf("%d %s", code, log.String())
	}
	_ = to.Close()
	out, _ = does(t, exitOK, "tokens", "list", "-o", "json")
	var reporter string
	for _, x := range objects(t, out) {
		if x["name"] == "leaky" {
			t.Error("a token was made for nobody")
		}
		if x["name"] == "reporter" {
			reporter = x["tokenId"].(string)
		}
	}
	does(t, exitOK, "tokens", "get", reporter)
	does(t, exitOK, "tokens", "delete", reporter, "--yes")
	does(t, exitFailed, "orders", "list", "--token-file", secret)
	_, errs = does(t, exitUsage, "tokens", "create", "x", "--scope", "nothing")
	has(t, errs, "is none of worker, usage, read")

	has(t, must(does(t, exitOK, "audit", "list", "--filter", `actor = "token ops"`, "--limit", "2", "-o", "json")), "koogate.v1.TokenService/DeleteToken")
	has(t, must(does(t, exitOK, "audit", "list", "--since", "2000-01-01", "--limit", "0")), "token ops", "EndpointService/CreateEndpoint", "a second shop")
	if out := must(does(t, exitOK, "audit", "list", "--since", "2999-01-01", "-o", "json")); strings.TrimSpace(out) != "[]" {
		t.Errorf("%s", out)
	}
	does(t, exitOK, "endpoints", "delete", "shop", "--yes", "--reason", "closed")
	does(t, exitFailed, "endpoints", "get", "shop")
}

// Sellers are added, changed and ended; what is secret comes from a file, and a file without secrets changes none.
func TestSellersByHand(t *testing.T) {
	r := newRemoteSite(t)
	t.Setenv("KOOGATE_ADDR", r.grpc)
	root := write(t, "root", "root-"+bigToken+"\n")
	_, errs := does(t, exitUsage, "sellers", "create", "beta", "--token-file", root, "--set", "site=cn", "--set", "secret_key=canary")
	if has(t, errs, "a secret comes from a file"); strings.Contains(errs, "canary") {
		t.Errorf("%s", errs)
	}
	beta := write(t, "beta.yaml", "seller: beta\nsettings: {site: cn, accessKey: AK-1, secretKey: canary-sk-1, usageKey: canary-usage-key-0123}\n")
	out, errs := does(t, exitOK, "sellers", "create", "beta", "-f", beta, "--token-file", root, "--reason", "contract 4711")
	if has(t, errs, "seller.settings.access_key AK-1", "The secret is shown this once:"); strings.Contains(out+errs, "canary") || len(strings.TrimSpace(out)) < 40 {
		t.Errorf("%q %s", out, errs)
	}
	own := write(t, "own", out)
	has(t, must(does(t, exitOK, "sellers", "list", "--token-file", own)), "SELLER SITE ACCESS KEY", "beta cn AK-1")
	if n := len(objects(t, must(does(t, exitOK, "sellers", "list", "--token-file", root, "-o", "json")))); n != 2 {
		t.Errorf("%d sellers", n)
	}
	before := object(t, must(does(t, exitOK, "sellers", "get", "beta", "--token-file", own, "-o", "json")))
	file := write(t, "edited.yaml", strings.Replace(must(does(t, exitOK, "sellers", "get", "beta", "--token-file", own, "-o", "yaml")), "AK-1", "AK-2", 1))
	after := object(t, must(does(t, exitOK, "sellers", "update", "beta", "-f", file, "--token-file", own, "-o", "json")))
	if after["settings"].(map[string]any)["accessKey"] != "AK-2" || after["secretKeyTime"] != before["secretKeyTime"] || after["usageKeyTime"] != before["usageKeyTime"] || after["usageKeyTime"] == nil {
		t.Errorf("a file as get shows it changes secrets:\n%v\n%v", before, after)
	}
	some := write(t, "some.yaml", "site: cn\naccessKey: AK-3\n")
	after = object(t, must(does(t, exitOK, "sellers", "update", "beta", "-f", some, "--replace", "--token-file", own, "-o", "json")))
	if after["settings"].(map[string]any)["accessKey"] != "AK-3" || after["usageKeyTime"] == nil {
		t.Errorf("--replace takes secrets away: %v", after)
	}
	after = object(t, must(does(t, exitOK, "sellers", "update", "beta", "--set", "usage_key=", "--token-file", own, "-o", "json")))
	if after["usageKeyTime"] != nil {
		t.Errorf("an empty secret takes it away: %v", after)
	}
	does(t, exitOK, "sellers", "delete", "beta", "--yes", "--token-file", root, "--reason", "ended")
	does(t, exitFailed, "sellers", "get", "beta", "--token-file", root)
}

// Webhooks are looked after, and their deliveries.
func TestWebhooksByHand(t *testing.T) {
	r := newRemoteSite(t)
	r.login(t)
	out, errs := does(t, exitOK, "webhooks", "create", "--set", "name=crm", "--set", "url=https://crm.example.com/events", "--set", `filter=kind = "instance.admitted"`, "--from-beginning")
	if !strings.HasPrefix(out, "whsec_") {
		t.Errorf("%q %q", out, errs)
	}
	id := objects(t, must(does(t, exitOK, "webhooks", "list", "-o", "json")))[0]["webhookId"].(string)
	out, _ = does(t, exitFailed, "webhooks", "test", id, "-o", "json")
	if object(t, out)["fault"] == "DELIVERY_FAULT_UNSPECIFIED" {
		t.Errorf("%s", out)
	}
	r.buy(t, "CS2611281200R40")
	var delivery map[string]any
	await(t, "the delivery", func() bool {
		all := objects(t, must(does(t, exitOK, "deliveries", "list", "-o", "json")))
		if len(all) > 0 {
			delivery = all[0]
		}
		return len(all) > 0 && delivery["attempts"] != "0"
	})
	has(t, must(does(t, exitOK, "deliveries", "get", delivery["deliveryId"].(string))), "kind instance.admitted")
	does(t, exitOK, "deliveries", "resend", delivery["deliveryId"].(string), "--reason", "now")
	out, errs = does(t, exitOK, "webhooks", "resend", id, "--since", "6h", "--dry-run")
	has(t, out, "count")
	has(t, errs, "nothing was changed")
	_, errs = does(t, exitUsage, "webhooks", "resend", id, "--since", "6h")
	has(t, errs, "--yes is missing")
	out, _ = does(t, exitOK, "webhooks", "resend", id, "--since", "6h", "--yes", "-o", "json")
	if _, ok := object(t, out)["count"]; !ok {
		t.Errorf("%s", out)
	}
	_, errs = does(t, exitUsage, "webhooks", "resend", id, "--since", "soon")
	has(t, errs, "--since: ")
	has(t, must(does(t, exitOK, "webhooks", "update", id, "--set", "state=disabled", "--reason", "no")), "state DISABLED", "reason BY_CALLER")
	file := write(t, "w.yaml", strings.Replace(must(does(t, exitOK, "webhooks", "get", id, "-o", "yaml")), "WEBHOOK_STATE_DISABLED", "WEBHOOK_STATE_ENABLED", 1))
	out, _ = does(t, exitOK, "webhooks", "update", id, "-f", file, "-o", "json")
	if w := object(t, out); w["state"] != "WEBHOOK_STATE_ENABLED" || w["name"] != "crm" || w["filter"] == "" {
		t.Errorf("%s", out)
	}
	_, errs = does(t, exitFailed, "webhooks", "update", id, "-f", file)
	has(t, errs, "ETAG_MISMATCH")
	out, _ = does(t, exitOK, "webhooks", "update", id, "-f", write(t, "n.json", `{"name":"crm","url":"https://crm.example.com/events","state":"WEBHOOK_STATE_ENABLED"}`), "--replace", "-o", "json")
	if w := object(t, out); w["filter"] != "" {
		t.Errorf("with --replace the filter goes: %s", out)
	}
	has(t, must(does(t, exitOK, "webhooks", "add-secret", id)), "whsec_")
	w := object(t, must(does(t, exitOK, "webhooks", "get", id, "-o", "json")))
	old := w["secrets"].([]any)[1].(map[string]any)["secretId"].(string)
	does(t, exitOK, "webhooks", "retire-secret", id, old, "--yes")
	does(t, exitOK, "webhooks", "delete", id, "--yes")
	if out := must(does(t, exitOK, "webhooks", "list", "-o", "json")); strings.TrimSpace(out) != "[]" {
		t.Errorf("%s", out)
	}
}

// What an operator does by hand: instances, tasks, calls, usage, packages, licences.
func TestActsByHand(t *testing.T) {
	r := newRemoteSite(t)
	r.login(t)
	instance := r.buy(t, "CS2611281200R50")
	lease := func() (*testWorker, *koogatev1.Task) {
		t.Helper()
		w := newTestWorker(t, r.grpc, testToken, "worker")
		tasks, err := w.lease(t.Context(), 20*time.Second)
		if err != nil || len(tasks) != 1 {
			t.Fatal(tasks, err)
		}
		return w, tasks[0]
	}
	fail := func() {
		t.Helper()
		w, task := lease()
		ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+testToken)
		if _, err := w.client.FailTask(ctx, &koogatev1.FailTaskRequest{TaskId: task.GetTaskId(), FencingToken: task.GetFencingToken(), Permanent: true, Message: "no"}); err != nil {
			t.Fatal(err)
		}
	}
	w, task := lease()
	_, errs := does(t, exitFailed, "tasks", "extend", task.GetTaskId(), "--until", "+2000h", "--reason", "x")
	has(t, errs, "INVALID_FIELD")
	_, errs = does(t, exitUsage, "tasks", "extend", task.GetTaskId(), "--until", "soon", "--reason", "x")
	has(t, errs, "--until: ", "+2h")
	_, errs = does(t, exitUsage, "tasks", "extend", task.GetTaskId(), "--until", "+1h")
	has(t, errs, "--reason")
	ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+testToken)
	if _, err := w.client.FailTask(ctx, &koogatev1.FailTaskRequest{TaskId: task.GetTaskId(), FencingToken: task.GetFencingToken(), Permanent: true, Message: "no"}); err != nil {
		t.Fatal(err)
	}
	for args, part := range map[string]string{
		"": "which task?", "x --all": "an ID names one task", "x --dry-run": "--dry-run goes with", "--all": "--reason is needed", "--all --filter x --reason y": "--filter",
		"--all --reason y": "--yes is missing",
	} {
		_, errs := does(t, exitUsage, append([]string{"tasks", "retry"}, strings.Fields(args)...)...)
		has(t, errs, part)
	}
	has(t, must(does(t, exitOK, "tasks", "retry", task.GetTaskId())), "state READY")
	fail()
	out, errs := does(t, exitOK, "tasks", "retry", "--filter", `queue = "worker"`, "--dry-run", "--reason", "CRM was down")
	has(t, out, "TASK KIND", task.GetTaskId()+" CREATE CS2611281200R50 "+instance+" yes")
	has(t, errs, "1 done again, 0 refused; it was a trial, nothing was changed")
	out, _ = does(t, exitOK, "tasks", "retry", "--all", "--yes", "--reason", "CRM was down", "-o", "json")
	if all := objects(t, out); len(all) != 1 || all[0]["retried"] != true {
		t.Errorf("%s", out)
	}
	stop := background(func(ctx context.Context) error { return r.work(ctx, "w") })
	await(t, "the instance", func() bool {
		return object(t, must(does(t, exitOK, "instances", "get", instance, "-o", "json")))["state"] == "INSTANCE_STATE_ACTIVE"
	})
	if err := stop(); err != nil {
		t.Fatal(err)
	}

	var call string
	await(t, "the call", func() bool {
		all := objects(t, must(does(t, exitOK, "calls", "list", "--filter", `activity = "newInstance"`, "-o", "json")))
		if len(all) > 0 {
			call = all[0]["callId"].(string)
		}
		return call != ""
	})
	_, errs = does(t, exitOK, "calls", "replay", call, "--reason", "x", "--dry-run")
	has(t, errs, "it would be done; nothing was changed")
	has(t, must(does(t, exitOK, "calls", "replay", call, "--reason", "x")), "result_code 000000")
	out, _ = does(t, exitFailed, "calls", "replay", "nope", "--reason", "x")
	if out != "" {
		t.Errorf("%s", out)
	}
	_, errs = does(t, exitUsage, "calls", "replay", call)
	has(t, errs, "--reason")

	_, errs = does(t, exitUsage, "instances", "freeze", instance, "--reason", "abuse")
	has(t, errs, "--yes is missing", "freeze instance "+instance)
	_, errs = does(t, exitUsage, "instances", "freeze", instance, "--yes")
	has(t, errs, "--reason")
	has(t, must(does(t, exitOK, "instances", "freeze", instance, "--yes", "--reason", "abuse")), "state FROZEN", "reason operator")
	has(t, must(does(t, exitOK, "instances", "unfreeze", instance, "--reason", "no abuse")), "state ACTIVE")
	does(t, exitOK, "instances", "access", instance, "--set", "front_end_url=https://new.example.com/", "--reason", "moved")
	typed(t, `{"password": "canary-password-2"}`)
	out, errs = does(t, exitOK, "instances", "access", instance, "-f", "-")
	if has(t, out, "front_end_url https://new.example.com/", "access_etag a3"); strings.Contains(out+errs, "canary") {
		t.Errorf("%s%s", out, errs)
	}
	_, errs = does(t, exitUsage, "instances", "access", instance, "--set", "password=canary")
	if has(t, errs, "a secret comes from a file or the standard input (-f)"); strings.Contains(errs, "canary") {
		t.Errorf("%s", errs)
	}
	_, errs = does(t, exitUsage, "instances", "release", instance, "--reason", "x")
	has(t, errs, "--confirm is missing")
	_, errs = does(t, exitFailed, "instances", "release", instance, "--reason", "x", "--confirm", "another")
	has(t, errs, "INVALID_FIELD")
	_, errs = does(t, exitFailed, "instances", "release", instance, "--reason", "x", "--confirm", instance)
	has(t, errs, "STATE_CONFLICT", "paid")
	has(t, must(does(t, exitOK, "instances", "release", instance, "--reason", "x", "--confirm", instance, "--force")), "state RELEASED")

	records := `{"key":"k-1","instanceId":"nope","value":"3","endTime":"2026-11-20T08:00:00Z"}`
	typed(t, records+"\n"+strings.Replace(records, "k-1", "k-2", 1))
	out, errs = does(t, exitFailed, "usage", "report", "-")
	has(t, out, "INDEX KEY OUTCOME", "1 k-2 INVALID instance_id: ")
	has(t, errs, "0 added, 0 there before, 2 refused")
	typed(t, "["+records+"]")
	out, _ = does(t, exitFailed, "usage", "report", "-", "-o", "json")
	if len(objects(t, out)) != 1 {
		t.Errorf("%s", out)
	}
	for text, part := range map[string]string{"": "holds no record", "[]": "holds no record", "x": "behind 0 records", records + "\n{": "behind 1 records", `{"key":1}`: "record 1"} {
		typed(t, text)
		_, errs := does(t, exitUsage, "usage", "report", "-")
		has(t, errs, part)
	}
	_, errs = does(t, exitFailed, "usage", "correct", "c-1", "--corrects", "k-1", "--value", "2")
	has(t, errs, "USAGE_NOT_FOUND")
	_, errs = does(t, exitFailed, "usage", "retry", "nope")
	has(t, errs, "INSTANCE_NOT_FOUND")
	_, errs = does(t, exitFailed, "quotas", "put", "nope", "other", "--quota", "10", "--reset", "month")
	has(t, errs, "INSTANCE_NOT_FOUND")
	_, errs = does(t, exitUsage, "quotas", "put", "nope", "nope", "--quota", "10", "--reset", "daily")
	has(t, errs, `"daily" is none of none, month, year`)
	does(t, exitFailed, "quotas", "check", "nope", "1")
	does(t, exitFailed, "quotas", "reserve", "nope", "r-1", "1", "--hold", "1m")
	_, errs = does(t, exitFailed, "quotas", "commit", "r-1")
	has(t, errs, "RESERVATION_NOT_FOUND")
	does(t, exitFailed, "quotas", "cancel", "r-1")
	for _, args := range [][]string{{"query", "--fresh"}, {"activate"}, {"use", "--client", "c"}} {
		typed(t, "canary-code")
		code, out, errs := koogate(t, append([]string{"licences"}, append(args, "--code-file", "-")...)...)
		if strings.Contains(out+errs, "canary") || code == exitUsage || code == exitOK && args[0] != "use" {
			t.Errorf("%v: %d %s%s", args, code, out, errs)
		}
	}
	_, errs = does(t, exitUsage, "licences", "query")
	has(t, errs, "--code-file")
}

// A gRPC client that finds something else at the address says what to look at.
func TestWhatIsNotKoogate(t *testing.T) {
	r := newRemoteSite(t)
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	_, errs := does(t, exitFailed, "orders", "list", "--token-file", r.tokenFile, "--timeout", "3s", "--address", strings.TrimPrefix(s.URL, "http://"))
	has(t, errs, "koogate: ", strings.TrimPrefix(s.URL, "http://"))
	_, errs = does(t, exitFailed, "orders", "list", "--token-file", r.tokenFile, "--address", "http://"+r.api)
	has(t, errs, "it is no URL")
	_, errs = does(t, exitUsage, "orders", "list", "--token", "a b", "--address", r.grpc)
	has(t, errs, "blanks")
	_, errs = does(t, exitFailed, "orders", "list", "--token-file", "/nonexistent/token", "--address", r.grpc)
	has(t, errs, "/nonexistent/token")
}
