// SPDX-License-Identifier: Apache-2.0

package config

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// rsaPEM makes a key of that many bits once.
func rsaPEM(bits int) string {
	rsaKeys.Lock()
	defer rsaKeys.Unlock()
	if text, ok := rsaKeys.made[bits]; ok {
		return text
	}
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	rsaKeys.made[bits] = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	return rsaKeys.made[bits]
}

var rsaKeys = struct {
	sync.Mutex
	made map[int]string
}{made: make(map[int]string)}

// everyFamily is an endpoint that says something about every family.
func everyFamily(change func(e *Endpoint)) Config {
	cfg, _ := Load(Source{})
	cfg.Sellers = []Seller{{Name: "acme"}}
	cfg.Provisioners = []Provisioner{{Name: "crm", Type: ProvisionerWorker}}
	e := Endpoint{
		Name: "all", Seller: "acme", Keys: []Secret{"canary-key-0123456789"},
		Families:    []string{"saas_v2", "saas_v1", "license_v1", "license_code", "license_online", "order_notify", "kit_v1", "kit_v2"},
		EncryptType: "aes128", ExpireZone: "utc", HoldBudget: 10 * time.Second, Retry: RetryLicenseOnline, Codes: "refuse",
		Answers: map[string]string{"releaseInstance": "completion", "refreshInstance": "accept"},
		KitKeys: []Secret{"canary-kit-0123456789"}, KitPrivateKeys: []Secret{Secret(rsaPEM(3072))}, KitSecretCode: "000002",
		KitMissingDepartments: "delete", CodeExpireZone: "beijing", CodeFreeze: "expiry", CreateAppInfo: "always",
		CheckReduction: "allow", ProductInfo: "object",
		Products: map[string]Product{"*": {Provisioner: "crm", Fingerprint: "required"}},
	}
	change(&e)
	cfg.Endpoints = []Endpoint{e}
	return cfg
}

func TestFamiliesOfAnEndpoint(t *testing.T) {
	cfg := everyFamily(func(*Endpoint) {})
	if problems := cfg.ValidateServing(); len(problems) > 0 {
		t.Fatal(problems)
	}
}

func TestFamilyFaults(t *testing.T) {
	for name, c := range map[string]struct {
		change     func(e *Endpoint)
		path, part string
	}{
		"unknown family": {func(e *Endpoint) { e.Families[0] = "saas_v3" }, ".families[0]", "use one of saas_v2, saas_v1"},
		"family twice":   {func(e *Endpoint) { e.Families[1] = "saas_v2" }, ".families[1]", "used twice"},
		"retry":          {func(e *Endpoint) { e.Retry = "forever" }, ".retry", "saas, license_online"},
		"codes":          {func(e *Endpoint) { e.Codes = "maybe" }, ".codes", "adopt, refuse"},
		"encryption":     {func(e *Endpoint) { e.EncryptType = "des" }, ".encrypt_type", "aes256, aes128"},
		"zone":           {func(e *Endpoint) { e.ExpireZone = "mars" }, ".expire_zone", "beijing, utc"},
		"code zone":      {func(e *Endpoint) { e.CodeExpireZone = "mars" }, ".code_expire_zone", "utc, beijing"},
		"code freeze":    {func(e *Endpoint) { e.CodeFreeze = "never" }, ".code_freeze", "call, expiry"},
		"reduction":      {func(e *Endpoint) { e.CheckReduction = "maybe" }, ".check_reduction", "refuse, allow"},
		"create":         {func(e *Endpoint) { e.CreateAppInfo = "on" }, ".create_app_info", "debug, off, always"},
		"product info":   {func(e *Endpoint) { e.ProductInfo = "text" }, ".product_info", "any, object"},
		"hold":           {func(e *Endpoint) { e.HoldBudget = time.Minute }, ".hold_budget", "1s to 18s"},
		"answer":         {func(e *Endpoint) { e.Answers["releaseInstance"] = "later" }, ".answers[releaseInstance]", "accept, completion"},
		"activity":       {func(e *Endpoint) { e.Answers["newInstance"] = "accept" }, ".answers[newInstance]", "no activity whose answer can wait"},
		"kit key twice":  {func(e *Endpoint) { e.KitKeys = append(e.KitKeys, e.KitKeys[0]) }, ".kit_keys[1]", "given twice"},
		"no private key": {func(e *Endpoint) { e.KitPrivateKeys = nil }, ".kit_private_keys", "is needed by the families"},
		"short key":      {func(e *Endpoint) { e.KitPrivateKeys[0] = Secret(rsaPEM(2048)) }, ".kit_private_keys[0]", "3072"},
		"no key":         {func(e *Endpoint) { e.KitPrivateKeys[0] = "canary" }, ".kit_private_keys[0]", "openssl"},
		"secret code":    {func(e *Endpoint) { e.KitSecretCode = "000005" }, ".kit_secret_code", "000101, 000002"},
		"departments":    {func(e *Endpoint) { e.KitMissingDepartments = "hide" }, ".kit_missing_departments", "keep, delete"},
		"fingerprint":    {func(e *Endpoint) { e.Products["*"] = Product{Provisioner: "crm", Fingerprint: "no"} }, ".products[*].fingerprint", "optional, required"},
		"no kit": {func(e *Endpoint) {
			e.Families = e.Families[:6]
			e.KitKeys, e.KitPrivateKeys, e.KitSecretCode = nil, nil, ""
		}, ".kit_missing_departments", "add the family"},
		"no V1": {func(e *Endpoint) {
			e.Families = []string{"license_code", "kit_v1"}
			e.EncryptType, e.HoldBudget = "", 0
		}, ".expire_zone", "saas_v1, license_v1"},
		"no licence code": {func(e *Endpoint) {
			e.Families = slices.DeleteFunc(e.Families, func(f string) bool { return f == "license_code" })
			e.CodeExpireZone, e.CodeFreeze = "", ""
		}, ".codes", "license_code"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := everyFamily(c.change)
			problems := cfg.ValidateServing()
			if len(problems) != 1 || !strings.HasSuffix(problems[0].Path, c.path) || !strings.Contains(problems[0].EN, c.part) {
				t.Fatalf("got %v, want one problem at %s with %q", problems, c.path, c.part)
			}
			if zh := problems[0].In("zh"); zh == problems[0].String() || strings.Contains(zh+problems[0].EN, "%!") || strings.Contains(zh+problems[0].EN, "canary") {
				t.Errorf("messages: %s | %s", problems[0], zh)
			}
		})
	}
}
