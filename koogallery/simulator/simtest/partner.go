// SPDX-License-Identifier: Apache-2.0

package simtest

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/openapi"
	"github.com/koogate/koogate/koogallery/seal"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/koogallery/simulator"
	"github.com/koogate/koogate/koogallery/wiretime"
)

// KitKey signs the Kit's calls.
const KitKey = "canary-kit-key"

// CredentialKey is the key pair of the seller's application credential.
var CredentialKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 3072)
	if err != nil {
		panic(err)
	}
	return key
})

// Partner is a correct seller of every family but SaaS V2.0, in memory. spoil can
// change its answers before they are signed, or make it do nothing on its own.
type Partner struct {
	*httptest.Server
	t      *testing.T
	Clock  *Clock
	Market *httptest.Server
	Open   *openapi.Client
	Spoil  func(activity string, n int, a *Said)
	Debug  bool            // is dial tested: saved values come again
	Quiet  bool            // neither queries orders nor uploads licences
	Upload func(id string) // instead of the correct upload

	mu        sync.Mutex
	seen      map[string]bool // tokens and nonces
	instances map[string]string
	uploads   map[string]bool
	calls     []string
	Heard     []map[string]string
	Directory Directory
	salt      int
}

// Said is an answer that is about to be sent.
type Said struct {
	Status      int
	ContentType string
	Body        map[string]any
	BodySign    func(key string, body []byte) string // "" sends no header
}

// NewPartner returns a partner that is served until the test ends.
func NewPartner(t *testing.T, spoil func(activity string, n int, a *Said)) *Partner {
	t.Helper()
	p := &Partner{
		t: t, Clock: NewClock(), Spoil: spoil,
		seen: map[string]bool{}, instances: map[string]string{}, uploads: map[string]bool{},
		Directory: Directory{},
	}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

// Rehearsal is a simulator that drives a partner, with the open API between them.
func Rehearsal(t *testing.T, p *Partner, change func(*simulator.Config)) *simulator.Simulator {
	t.Helper()
	cfg := Config(&Seller{Server: p.Server, Clock: p.Clock})
	cfg.KitKey, cfg.PublicKey, cfg.EncryptType = KitKey, &CredentialKey().PublicKey, seal.AES128
	if change != nil {
		change(&cfg)
	}
	sim := NewSimulator(t, cfg)
	p.Market = httptest.NewServer(sim.Handler())
	t.Cleanup(p.Market.Close)
	client, err := openapi.New(openapi.Config{
		BaseURL: p.Market.URL, Credentials: cfg.Credentials, HTTPClient: p.Market.Client(), Now: p.Clock.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	p.Open = client
	return sim
}

// ServeHTTP implements http.Handler.
func (p *Partner) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		p.t.Errorf("read: %v", err)
	}
	var key string
	var heard map[string]string
	rest, below := strings.CutPrefix(r.URL.Path, "/produce/demo/produceAPI/")
	activity, v2 := strings.CutPrefix(rest, "v2/")
	if below && r.Header.Get("Content-Type") != "application/json" {
		p.t.Errorf("headers %v", r.Header)
	}
	switch {
	case r.Method == http.MethodGet:
		key, heard = FacadeKey, p.verifyQuery(r, body)
	case below && v2:
		heard = p.verifyKit(r, body)
	case below:
		key, heard = KitKey, p.verifyToken(r, body)
	default:
		heard = p.verifyURL(r, body)
	}
	if below {
		heard["activity"] = activity
	}
	a := &Said{Status: http.StatusOK, ContentType: "application/json", BodySign: sign.BodySign}
	n := p.note(heard)
	a.Body = p.answer(heard, below, r.Method == http.MethodGet)
	if p.Spoil != nil {
		p.Spoil(heard["activity"], n, a)
	}
	text, err := json.Marshal(a.Body)
	if err != nil {
		p.t.Errorf("answer: %v", err)
	}
	w.Header().Set("Content-Type", a.ContentType)
	if key != "" && a.BodySign != nil {
		w.Header().Set("Body-Sign", a.BodySign(key, text))
	}
	w.WriteHeader(a.Status)
	_, _ = w.Write(text)
}

// note remembers a call and returns its number among those of its activity.
func (p *Partner) note(heard map[string]string) int {
	name := heard["activity"]
	for _, member := range []string{"scene", "status", "instanceStatus", "flag"} {
		if v := heard[member]; v != "" {
			name += " " + v
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls = append(p.calls, name)
	p.Heard = append(p.Heard, heard)
	n := 0
	for _, h := range p.Heard {
		if h["activity"] == heard["activity"] {
			n++
		}
	}
	return n
}

// Sequence returns the calls so far.
func (p *Partner) Sequence() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.calls)
}

func (p *Partner) fresh(what string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.seen[what] {
		p.t.Errorf("%s came twice", what)
	}
	p.seen[what] = true
}

func (p *Partner) verifyQuery(r *http.Request, body []byte) map[string]string {
	_, q, err := sign.VerifyQuery([]string{FacadeKey}, r.URL.RawQuery)
	if err != nil || q.Repaired || len(body) != 0 {
		p.t.Errorf("%s: %v", r.URL, err)
	}
	p.fresh("timeStamp " + q.Params["timeStamp"])
	if at, err := wiretime.Parse(q.Params["timeStamp"]); err != nil || at.Sub(p.Clock.Now()).Abs() > time.Minute {
		p.t.Errorf("timeStamp %s: %v", q.Params["timeStamp"], err)
	}
	return q.Params
}

func (p *Partner) verifyURL(r *http.Request, body []byte) map[string]string {
	q := r.URL.Query()
	if _, form, err := sign.VerifyURL([]string{FacadeKey}, q.Get("nonce"), q.Get("timestamp"), q.Get("signature"), body); err != nil || form != sign.FormRaw {
		p.t.Errorf("signature: %v, %v", form, err)
	}
	p.fresh(q.Get("nonce"))
	return p.members(body)
}

func (p *Partner) verifyKit(r *http.Request, body []byte) map[string]string {
	nonce, timestamp := r.Header.Get("x-nonce"), r.Header.Get("x-timestamp")
	if _, form, err := sign.VerifyKit([]string{KitKey}, nonce, timestamp, r.Header.Get("x-sign"), body); err != nil || form != sign.FormSorted {
		p.t.Errorf("x-sign: %v, %v", form, err)
	}
	if _, err := sign.Freshness(p.Clock.Now(), timestamp, 0); err != nil {
		p.t.Errorf("x-timestamp: %v", err)
	}
	p.fresh(nonce)
	return p.members(body)
}

func (p *Partner) verifyToken(r *http.Request, body []byte) map[string]string {
	if _, err := sign.VerifyBody([]string{KitKey}, r.Header.Get("authToken"), body); err != nil {
		p.t.Errorf("authToken: %v", err)
	}
	return p.members(body)
}

// members returns a body with every value as a text.
func (p *Partner) members(body []byte) map[string]string {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(body, &raw); err != nil {
		p.t.Errorf("body: %v", err)
	}
	out := map[string]string{}
	for name, value := range raw {
		var text string
		if json.Unmarshal(value, &text) != nil {
			text = string(value)
		}
		out[name] = text
	}
	return out
}

// Success is an answer with 000000.
func Success() map[string]any { return map[string]any{"resultCode": "000000", "resultMsg": "success."} }

func (p *Partner) answer(h map[string]string, kit, v1 bool) map[string]any {
	if kit {
		p.Directory.merge(p, h)
		return Success()
	}
	id := h["instanceId"]
	switch activity := h["activity"]; activity {
	case "newInstance", "getLicense":
		opened := p.instance(h)
		switch {
		case activity == "getLicense":
			p.wantExtension(h, "identificationCode")
			return map[string]any{"resultCode": "000000", "resultMsg": "success.", "instanceId": opened, "license": "licence of " + opened}
		case v1:
			if !p.Debug {
				p.wantCustomer(h)
			}
			return map[string]any{
				"resultCode": "000000", "resultMsg": "success.", "encryptType": "2", "instanceId": opened, "appInfo": p.access(opened),
			}
		}
		p.query(h)
		return map[string]any{"resultCode": "000000", "resultMsg": "success.", "instanceId": opened}
	case "queryInstance":
		info := []any{}
		for _, one := range strings.Split(id, ",") {
			element := map[string]any{"instanceId": one, "usageInfo": []any{map[string]any{
				"usageValue": 12.5, "statisticalTime": wiretime.Format17(p.Clock.Now()),
			}}}
			if element["appInfo"] = p.access(one); !v1 {
				element["appInfo"] = map[string]any{"frontEndUrl": "https://app.example.com"}
			}
			info = append(info, element)
		}
		return map[string]any{"resultCode": "000000", "resultMsg": "success.", "encryptType": "2", "info": info}
	case "getLicenseAsync":
		p.deliver(h)
		return map[string]any{"resultCode": "000004", "resultMsg": "under way"}
	case "orderNotify":
		p.query(h)
	default:
		if id == "" && h["license"] == "" {
			p.t.Errorf("%s without an id", activity)
		}
	}
	return Success()
}

// instance opens one instance for an order, for a pay-per-use order one for each
// product.
func (p *Partner) instance(h map[string]string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := h["orderId"]
	if h["chargingMode"] == "0" {
		key += " " + h["productId"]
	}
	if p.seen[h["businessId"]] && !p.Debug {
		p.t.Errorf("businessId %s came twice", h["businessId"])
	}
	p.seen[h["businessId"]] = true
	if p.instances[key] == "" {
		p.instances[key] = h["businessId"]
	}
	return p.instances[key]
}

// access returns access information whose ciphertexts are never the same.
func (p *Partner) access(id string) map[string]any {
	p.mu.Lock()
	p.salt++
	salt := strconv.Itoa(p.salt)
	p.mu.Unlock()
	hidden := func(plain string) string {
		text, err := seal.Encrypt(FacadeKey, seal.AES128, seal.StableIV(FacadeKey, salt, plain), plain)
		if err != nil {
			p.t.Errorf("encrypt: %v", err)
		}
		return text
	}
	return map[string]any{
		"frontEndUrl": "https://app.example.com/" + id, "userName": hidden("admin"), "password": hidden("secret of " + id), "memo": "first steps",
	}
}

// wantCustomer checks what a V1 newInstance says of the customer.
func (p *Partner) wantCustomer(h map[string]string) {
	phone, err := seal.Decrypt(FacadeKey, seal.AES128, h["mobilePhone"])
	if err != nil || !strings.HasPrefix(phone, "154") {
		p.t.Errorf("mobilePhone %q: %v", phone, err)
	}
	email, err := seal.Decrypt(FacadeKey, seal.AES128, h["email"])
	if err != nil || !strings.HasSuffix(email, "@example.com") {
		p.t.Errorf("email %q: %v", email, err)
	}
	p.wantExtension(h, "custEmail")
}

func (p *Partner) wantExtension(h map[string]string, name string) {
	params, err := seal.ParseExtendParams(h["saasExtendParams"])
	if err != nil || !slices.ContainsFunc(params, func(param seal.Param) bool { return param.Name == name && param.Value != "" }) {
		p.t.Errorf("saasExtendParams %v: %v", params, err)
	}
}

// query asks the marketplace for an order.
func (p *Partner) query(h map[string]string) {
	if p.Quiet {
		return
	}
	if _, err := p.Open.QueryOrder(context.Background(), h["orderId"], h["orderLineId"]); err != nil {
		p.t.Errorf("query order: %v", err)
	}
}

// deliver uploads a licence, once for an event.
func (p *Partner) deliver(h map[string]string) {
	p.mu.Lock()
	done := p.uploads[h["eventId"]]
	p.uploads[h["eventId"]] = true
	p.mu.Unlock()
	switch {
	case p.Upload != nil:
		p.Upload(h["eventId"])
	case !p.Quiet && !done:
		status, code := p.SendLicence(h["eventId"], Characters("licence of "+h["eventId"]+" for "+h["deviceFingerprint"]), nil)
		if status != 200 || code != "CBC.0000" {
			p.t.Errorf("upload: %d %s", status, code)
		}
	}
}

// Characters is the JSON part of an upload of characters.
func Characters(licence string) map[string]any {
	return map[string]any{"type": "CHARACTERS", "characters": licence}
}

// SendLicence uploads a JSON part and, if there is one, a file.
func (p *Partner) SendLicence(event string, form any, file []byte) (status int, code string) {
	body, err := json.Marshal(form)
	if err != nil {
		p.t.Error(err)
	}
	parts := "--x\r\nContent-Disposition: form-data; name=\"isvUpdateFileReq\"\r\nContent-Type: application/json\r\n\r\n" + string(body) + "\r\n"
	if file != nil {
		parts += "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"l.lic\"\r\nContent-Type: multipart/form-data\r\n\r\n" + string(file) + "\r\n"
	}
	return p.Post(event, "multipart/form-data; boundary=x", []byte(parts+"--x--\r\n"), sign.Credentials{AccessKey: OpenAK, SecretKey: OpenSK})
}

// Post uploads a body and returns status and code.
func (p *Partner) Post(event, contentType string, body []byte, c sign.Credentials) (status int, code string) {
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost,
		p.Market.URL+"/api/mkp-openapi-public/global/v1/market-event/"+url.PathEscape(event)+"/file", bytes.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Content-Type", contentType)
	if err := sign.SignRequest(r, body, c, p.Clock.Now()); err != nil {
		p.t.Fatal(err)
	}
	response, err := p.Market.Client().Do(r)
	if err != nil {
		p.t.Errorf("upload: %v", err)
		return 0, ""
	}
	defer func() { _ = response.Body.Close() }()
	var answer struct {
		Code    string `json:"error_code"`
		Message string `json:"error_msg"`
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || answer.Message == "" {
		p.t.Errorf("upload: %+v, %v", answer, err)
	}
	return response.StatusCode, answer.Code
}
