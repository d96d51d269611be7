// SPDX-License-Identifier: Apache-2.0

package server

import (
	"slices"
	"time"

	"github.com/koogate/koogate/koogallery/deadline"
	"github.com/koogate/koogate/koogallery/openapi"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/server/access"
	"github.com/koogate/koogate/server/fulfil"
)

// Config is everything that an installation may choose. deploy/koogate.example.yaml explains every key; [DefaultConfig]
// holds the defaults; [LoadConfig] reads it and [Config.Validate] finds its faults. Secrets print as "[redacted]".
type Config struct {
	Listen         Listen        `koanf:"listen"`
	TLS            TLS           `koanf:"tls"` // the facade's; the same as Listeners.Facade.TLS, which is its newer name
	Listeners      Listeners     `koanf:"listeners"`
	TrustedProxies []string      `koanf:"trusted_proxies"` // addresses and networks of proxies whose X-Forwarded-For counts
	Database       Database      `koanf:"database"`
	Redis          Redis         `koanf:"redis"`
	KeysetFile     string        `koanf:"keyset_file"`      // Tink keyset that encrypts access information and buyers; `koogate keys new FILE`
	SigningFile    string        `koanf:"signing_key_file"` // Ed25519 keys that sign the event chains; `koogate keys new-signing FILE`; empty leaves them unsigned
	SecretFiles    string        `koanf:"secret_files"`     // who may read the files of secrets: private (default), or shared, everybody
	Sellers        []Seller      `koanf:"sellers"`
	Endpoints      []Endpoint    `koanf:"endpoints"`
	Provisioners   []Provisioner `koanf:"provisioners"`
	Limits         Limits        `koanf:"limits"`
	Jobs           Jobs          `koanf:"jobs"`
	GRPC           GRPC          `koanf:"grpc"`
	Tracing        Tracing       `koanf:"tracing"`
	ShutdownDelay  time.Duration `koanf:"shutdown_delay"` // how long a stop is not ready and serves on before that, 0 to 1m
	ShutdownGrace  time.Duration `koanf:"shutdown_grace"` // how long everything else of a stop may take, 1s to 10m

	origin *origin // where LoadConfig found each key; nil for a configuration that was not loaded
}

// Listen holds the address of each door, host:port; port 0 takes any free one.
type Listen struct {
	Facade string `koanf:"facade"` // public: the marketplace
	API    string `koanf:"api"`    // private: REST of the internal API
	GRPC   string `koanf:"grpc"`   // private: gRPC
	Ops    string `koanf:"ops"`    // private: health and metrics
}

// Database names the store.
type Database struct {
	URL     Secret `koanf:"url"` // postgres://… or sqlite:PATH
	URLFile string `koanf:"url_file"`
}

// Redis says where locks and nonces are kept. Without Addrs they are kept in the process, which is right for SQLite only.
type Redis struct {
	Addrs        []string `koanf:"addrs"`   // one server, the Sentinels (with Master) or nodes of a cluster (with Cluster)
	Master       string   `koanf:"master"`  // the master's name, with Sentinel
	Cluster      bool     `koanf:"cluster"` // Redis Cluster
	DB           int      `koanf:"db"`
	Username     string   `koanf:"username"`
	Password     Secret   `koanf:"password"`
	PasswordFile string   `koanf:"password_file"`
	TLS          bool     `koanf:"tls"`
	Prefix       string   `koanf:"prefix"` // starts every key

	SentinelUsername     string `koanf:"sentinel_username"`
	SentinelPassword     Secret `koanf:"sentinel_password"`
	SentinelPasswordFile string `koanf:"sentinel_password_file"`
}

// Seller is one account of the marketplace.
type Seller struct {
	Name          string      `koanf:"name"`
	APITokens     []Secret    `koanf:"api_tokens"` // bearer tokens of the seller's own systems; several allow rotation
	APITokenFiles []string    `koanf:"api_token_files"`
	Tokens        []Token     `koanf:"tokens"` // bearer tokens with a name and scopes
	Marketplace   Marketplace `koanf:"marketplace"`
}

// Token is a bearer token that has a name in the records and scopes of its own.
type Token struct {
	Name       string   `koanf:"name"`
	Secret     Secret   `koanf:"secret"`
	SecretFile string   `koanf:"secret_file"`
	Scopes     []string `koanf:"scopes"` // what the bearer may do; none means what api_tokens may
	Queues     []string `koanf:"queues"` // from which it may lease; none means every queue of workers
}

// scopes are what the token's bearer may do.
func (t Token) scopes() []access.Scope {
	if len(t.Scopes) == 0 {
		return access.Customary()
	}
	list := make([]access.Scope, len(t.Scopes))
	for i, s := range t.Scopes {
		list[i] = access.Scope(s)
	}
	return list
}

// Marketplace is how a seller reaches the open APIs.
type Marketplace struct {
	Site          openapi.Site  `koanf:"site"`     // cn, intl or eu
	BaseURL       string        `koanf:"base_url"` // instead of site
	AccessKey     string        `koanf:"access_key"`
	SecretKey     Secret        `koanf:"secret_key"`
	SecretKeyFile string        `koanf:"secret_key_file"`
	UsageKey      Secret        `koanf:"usage_key"` // signs usage pushes; the first key of the seller's first endpoint when empty
	UsageKeyFile  string        `koanf:"usage_key_file"`
	NoFallback    []openapi.API `koanf:"no_fallback"` // interfaces that never go to the fallback host; empty means that all do
	UsageSpans    string        `koanf:"usage_spans"` // of records that share a window: apart (default) or shared
}

// Credentials are the seller's AK and SK.
func (m Marketplace) Credentials() sign.Credentials {
	return sign.Credentials{AccessKey: m.AccessKey, SecretKey: m.SecretKey.Reveal()}
}

// Limits bound what the marketplace may send, in bytes.
type Limits struct {
	Body    int `koanf:"body"`     // of the base interfaces, 1 KiB to 1 MiB
	KitBody int `koanf:"kit_body"` // of the Kit, whose full lists are long, 1 KiB to 64 MiB
	// Unverified bounds the bodies of all calls together whose signature is not verified yet: twice KitBody and four times Body to
	// 1 GiB; 0 means 64 MiB, or twice KitBody when that is more.
	Unverified int `koanf:"unverified"`
}

// The retry profiles: how long the marketplace repeats a failing creation.
const (
	RetrySaas          = "saas"           // 3 h (saas-v2 §8.1, saas-v1 §1)
	RetryLicenseOnline = "license_online" // 2 h (saas-v1 §6)
)

// Endpoint is one production address, /produce/{name}.
type Endpoint struct {
	Name        string             `koanf:"name"`
	Seller      string             `koanf:"seller"`
	Families    []string           `koanf:"families"` // protocol families that are served; empty means saas_v2
	Keys        []Secret           `koanf:"keys"`     // access keys of the base interface, tried in order; two during rotation
	KeyFiles    []string           `koanf:"key_files"`
	BodySign    bool               `koanf:"body_sign"` // sign answers with a Body-Sign header
	Skew        time.Duration      `koanf:"skew"`      // tolerated clock difference, 1s to 10m; 0 means 60s
	Isolate     bool               `koanf:"isolate"`   // refuses calls about this endpoint's instances at the seller's other endpoints
	Products    map[string]Product `koanf:"products"`  // by product ID; "*" stands for all others
	CheckBudget time.Duration      `koanf:"check_budget"`
	CheckPolicy string             `koanf:"check_policy"` // refuse (default) or allow

	CheckReduction string `koanf:"check_reduction"` // a smaller quantity that no worker has judged: refuse (default) or allow
	CreateAppInfo  string `koanf:"create_app_info"` // whether V2's newInstance answers appInfo.frontEndUrl: debug (default), off or always
	ProductInfo    string `koanf:"product_info"`    // of changeInstanceCheck: any (default; also an array or a text), or object

	Pending    string            `koanf:"pending"`     // processing (default) or omit
	Unknown    string            `koanf:"unknown"`     // omit (default) or refuse
	Answers    map[string]string `koanf:"answers"`     // by activity: accept (default) or completion
	Retry      string            `koanf:"retry"`       // saas (default) or license_online
	AnswerText string            `koanf:"answer_text"` // of V2 answers beyond memo: unicode (default) or ascii; V1 is ascii
	InstanceID string            `koanf:"instance_id"` // of new instances: derived from the order line (default), or business
	Codes      string            `koanf:"codes"`       // licence codes that were never seen: adopt (default) or refuse

	// Licence codes.
	CodeExpireZone string `koanf:"code_expire_zone"` // of their expireTime: utc (default) or beijing
	CodeFreeze     string `koanf:"code_freeze"`      // what is shown as frozen: call (default), or expiry, also what has expired

	// The V1.0 generation.
	BodySignRefusals bool `koanf:"body_sign_refusals"` // sign also what callers are answered that were not verified

	EncryptType string        `koanf:"encrypt_type"` // aes256 (default) or aes128
	ExpireZone  string        `koanf:"expire_zone"`  // of expireTime: beijing (default) or utc
	HoldBudget  time.Duration `koanf:"hold_budget"`  // how long a call waits for the provisioner, 1s to 18s; 0 means 15s

	// The Kit.
	KitKeys               []Secret `koanf:"kit_keys"` // keys bound to the Kit; empty means the keys above
	KitKeyFiles           []string `koanf:"kit_key_files"`
	KitPrivateKeys        []Secret `koanf:"kit_private_keys"` // RSA keys of 3072 bits or more in PEM, which decrypt clientSecret
	KitPrivateKeyFiles    []string `koanf:"kit_private_key_files"`
	KitSecretCode         string   `koanf:"kit_secret_code"`         // answer when none does: "000101" (default) or "000002"
	KitMissingDepartments string   `koanf:"kit_missing_departments"` // that a full list does not name: keep (default) or delete
}

// has says whether the endpoint serves a family.
func (e *Endpoint) has(family string) bool {
	return slices.Contains(e.Families, family) || len(e.Families) == 0 && family == fulfil.FamilySaasV2
}

// Product says who fulfils a product.
type Product struct {
	Provisioner string        `koanf:"provisioner"`
	SyncBudget  time.Duration `koanf:"sync_budget"` // how long newInstance waits for it, 0 to 4.5s
	Fingerprint string        `koanf:"fingerprint"` // of the device in getLicenseAsync: optional (default) or required
	Meter       Meter         `koanf:"meter"`       // how pay-per-use is counted; without a name there is no meter
	Package     Package       `koanf:"package"`     // what a package holds; without items it is put by PutQuota
}

// The types of provisioner.
const (
	ProvisionerTemplate = "template"
	ProvisionerWorker   = "worker"
)

// Provisioner is a queue of tasks and who serves it.
type Provisioner struct {
	Name     string   `koanf:"name"`
	Type     string   `koanf:"type"` // template or worker
	Template Template `koanf:"template"`
}

// Template is what the built-in provisioner fills in; {instance}, {order}, {product} and {sku} are replaced.
type Template struct {
	FrontEndURL string `koanf:"front_end_url"`
	AdminURL    string `koanf:"admin_url"`
	UserName    string `koanf:"user_name"` // with it a password is generated
	Memo        string `koanf:"memo"`
	Licence     string `koanf:"licence"` // what a licence begins with; LICENCE-{instance} when empty
}

// Jobs is Koogate's own work: order queries and template provisioners.
type Jobs struct {
	Enabled     bool `koanf:"enabled"`     // false leaves them to other replicas
	Concurrency int  `koanf:"concurrency"` // jobs at a time, for each seller, 1 to 100
}

// GRPC holds the options of the gRPC door.
type GRPC struct {
	Reflection bool `koanf:"reflection"` // lets grpcurl and the like list the services
	Production bool `koanf:"production"` // serves the marketplace's calls to tokens with the scope admin; for tests
}

// Tracing says where spans go. Without an endpoint none leaves the process. OpenTelemetry's own variables win.
type Tracing struct {
	Endpoint string `koanf:"endpoint"` // OTLP over gRPC, host:port
	Insecure bool   `koanf:"insecure"` // without TLS
	// JaegerURL is the base URL of the Jaeger that gets the spans: the console links to its pages and draws traces from its API.
	JaegerURL string `koanf:"jaeger_url"`
}

// DefaultConfig returns the defaults. They are no complete configuration: sellers, endpoints and a database are missing.
func DefaultConfig() Config {
	return Config{
		Listen: Listen{Facade: "127.0.0.1:8080", API: "127.0.0.1:8081", GRPC: "127.0.0.1:9090", Ops: "127.0.0.1:9091"},
		Redis:  Redis{Prefix: "koogate:"},
		Limits: Limits{Body: 64 << 10, KitBody: 8 << 20},
		Jobs:   Jobs{Enabled: true, Concurrency: 8},

		ShutdownGrace: 30 * time.Second,
	}
}

// CoreService returns the core with the endpoints of the configuration, for commands that need no doors.
func (c *Config) CoreService(d fulfil.Deps) (*fulfil.Service, error) {
	return fulfil.New(fulfil.Config{}, c.fulfilEndpoints(), d)
}

// fulfilEndpoints are the core's rules.
func (c *Config) fulfilEndpoints() []fulfil.Endpoint {
	list := make([]fulfil.Endpoint, 0, len(c.Endpoints))
	for _, e := range c.Endpoints {
		rules := make(map[string]fulfil.ProductRule, len(e.Products))
		for id, p := range e.Products {
			rules[id] = fulfil.ProductRule{
				Provisioner: p.Provisioner, SyncBudget: p.SyncBudget, NeedsFingerprint: p.Fingerprint == "required",
			}
		}
		list = append(list, fulfil.Endpoint{
			Name: e.Name, Seller: e.Seller, Products: rules, CheckBudget: e.CheckBudget,
			CheckAllow: e.CheckPolicy == "allow", CheckReduction: e.CheckReduction == "allow", FreezeAtExpiry: e.CodeFreeze == freezeExpiry, OmitPending: e.Pending == "omit", RefuseUnknown: e.Unknown == "refuse", Isolate: e.Isolate,
			NewFamily: e.newFamily(), HoldBudget: e.HoldBudget, OnCompletion: e.onCompletion(), RefuseCodes: e.Codes == "refuse", ASCII: e.AnswerText == "ascii", QueryWindow: e.queryWindow(),
			BusinessID: e.InstanceID == instanceBusiness,
		})
	}
	return list
}

// onCompletion are the activities that are answered when their task is done.
func (e *Endpoint) onCompletion() map[string]bool {
	set := make(map[string]bool)
	for activity, answer := range e.Answers {
		if answer == "completion" {
			set[activity] = true
		}
	}
	return set
}

// newFamily is what newInstance in the form of V2 creates: at an address that sells nothing but online licences, those.
func (e *Endpoint) newFamily() string {
	if e.has(fulfil.FamilyLicenseOnline) && !e.has(fulfil.FamilySaasV2) {
		return fulfil.FamilyLicenseOnline
	}
	return fulfil.FamilySaasV2
}

// queryWindow is how long a failing order query is worth repeating: as long as the marketplace waits for the order.
func (e *Endpoint) queryWindow() time.Duration {
	family := deadline.SaasV2
	if e.Retry == RetryLicenseOnline {
		family = deadline.LicenseOnline
	}
	r, _ := deadline.Of(family, deadline.Open)
	return r.Window
}
