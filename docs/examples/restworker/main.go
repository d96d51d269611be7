// SPDX-License-Identifier: Apache-2.0

// Command restworker is a provisioner over plain HTTP: it leases tasks from Koogate, prints who bought what for how long, does
// them and reports back. It needs nothing but a JSON parser; see README.md next to it.
package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	w := &worker{
		url: strings.TrimSuffix(os.Getenv("KOOGATE_URL"), "/"), token: os.Getenv("KOOGATE_TOKEN"), queue: os.Getenv("KOOGATE_QUEUE"),
		client: &http.Client{Timeout: time.Minute},
	}
	if cert := os.Getenv("KOOGATE_CERT_FILE"); cert != "" { // for a listener that asks for one
		pair, err := tls.LoadX509KeyPair(cert, os.Getenv("KOOGATE_KEY_FILE"))
		if err != nil {
			fmt.Fprintln(os.Stderr, "the certificate is not usable:", err)
			os.Exit(1)
		}
		w.client.Transport = &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}}}
	}
	for ctx.Err() == nil {
		if err := w.round(ctx); err != nil && ctx.Err() == nil {
			fmt.Fprintln(os.Stderr, "trying again:", err)
			pause(ctx)
		}
	}
}

// pause waits for a second, or until ctx is over.
func pause(ctx context.Context) {
	second, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	<-second.Done()
}

type worker struct {
	url, token, queue string
	client            *http.Client
}

// task is what this worker reads of a leased task. 64-bit integers are strings in JSON.
type task struct {
	ID         string   `json:"taskId"`
	Kind       string   `json:"kind"`
	InstanceID string   `json:"instanceId"`
	Token      string   `json:"fencingToken"`
	Purchase   purchase `json:"purchase"`
	Input      input    `json:"input"`
}

type purchase struct {
	OrderType    string `json:"orderType"`
	OrderID      string `json:"orderId"`
	ProductID    string `json:"productId"`
	SKUCode      string `json:"skuCode"`
	ChargingMode string `json:"chargingMode"`
	LinearValue  int64  `json:"linearValue,string"`
	PeriodType   string `json:"periodType"`
	PeriodNumber int64  `json:"periodNumber,string"`
	ExpireTime   string `json:"expireTime"`
}

// input is personal data: never log it.
type input struct {
	CustomerID  string `json:"customerId"`
	LicenceCode string `json:"licenceCode"`
}

// round leases one task, waiting for it, and does it. A stop does not cut the task short.
func (w *worker) round(ctx context.Context) error {
	var leased struct {
		Tasks []task `json:"tasks"`
	}
	err := w.post(ctx, "/v1/tasks:lease", map[string]any{
		"queue": w.queue, "workerId": "restworker", "maxTasks": 1, "wait": "20s", "leaseDuration": "60s",
	}, &leased)
	if err != nil {
		return err
	}
	for _, t := range leased.Tasks {
		fmt.Println(t.bought())
		verb, done := "complete", t.perform()
		if done == nil { // nothing is kept here: whatever is asked about is none of ours
			verb, done = "fail", map[string]any{"permanent": true, "code": "FAILURE_CODE_UNKNOWN_INSTANCE"}
		}
		done["fencingToken"] = t.Token
		if err := w.post(context.WithoutCancel(ctx), "/v1/tasks/"+t.ID+":"+verb, done, nil); err != nil {
			return err // the lease ends, and the task comes again
		}
	}
	return nil
}

// bought says who bought what for how long, from the task alone, and nothing of the buyer but the account's ID.
func (t task) bought() string {
	p, who := t.Purchase, fmt.Sprintf("customer %q", t.Input.CustomerID)
	if t.Input.CustomerID == "" && t.Input.LicenceCode != "" {
		who = "the holder of a licence code"
	}
	text := fmt.Sprintf("%s %s by %s: %d x product %q, sku %q", p.OrderType, p.OrderID, who, p.LinearValue, p.ProductID, p.SKUCode)
	if p.ChargingMode != "" {
		text += ", " + p.ChargingMode
	}
	if p.PeriodNumber > 0 {
		text += fmt.Sprintf(", for %d %s", p.PeriodNumber, p.PeriodType)
	}
	if until, _, ok := strings.Cut(p.ExpireTime, "T"); ok {
		text += ", until " + until
	}
	return text
}

// perform stands for your product and returns what the kind demands; nil when the instance that is asked about is not known. It must be
// idempotent: the same task may come again.
func (t task) perform() map[string]any {
	switch t.Kind {
	case "TASK_KIND_CREATE":
		return map[string]any{"accessInfo": map[string]any{"frontEndUrl": "https://app.example.com/" + t.InstanceID}}
	case "TASK_KIND_ISSUE_LICENCE":
		return map[string]any{"licence": map[string]any{"text": "licence of " + t.ID}}
	case "TASK_KIND_CHECK_CHANGE":
		return map[string]any{"changeVerdict": map[string]any{"allowed": true}}
	case "TASK_KIND_IDENTIFY":
		return nil
	}
	return map[string]any{}
}

// post calls Koogate and decodes the answer into v, unless that is nil.
func (w *worker) post(ctx context.Context, path string, body, v any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+w.token)
	r.Header.Set("Content-Type", "application/json")
	resp, err := w.client.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: HTTP %d", path, resp.StatusCode)
	}
	if v == nil {
		return nil
	}
	return json.NewDecoder(resp.Body).Decode(v)
}
