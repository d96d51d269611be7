// SPDX-License-Identifier: Apache-2.0

package seller

import "time"

// Provisioner is a queue of tasks and who serves it.
type Provisioner struct {
	// Seller is who alone may use it; empty for one of the file, which serves all.
	Seller string `json:"-"`

	Name     string   `koanf:"name" json:"-"`
	Type     string   `koanf:"type" json:"type,omitempty"` // template, worker or webhook
	Template Template `koanf:"template" json:"template,omitzero"`
	Webhook  Hook     `koanf:"webhook" json:"webhook,omitzero"`
}

// Template is what the built-in provisioner fills in; {instance}, {order}, {product} and {sku} are replaced.
type Template struct {
	FrontEndURL string `koanf:"front_end_url" json:"front_end_url,omitempty"`
	AdminURL    string `koanf:"admin_url" json:"admin_url,omitempty"`
	UserName    string `koanf:"user_name" json:"user_name,omitempty"` // with it a password is generated
	Memo        string `koanf:"memo" json:"memo,omitempty"`
	Licence     string `koanf:"licence" json:"licence,omitempty"` // what a licence begins with; LICENCE-{instance} when empty
}

// Hook is the address to which the tasks of a webhook provisioner are sent.
type Hook struct {
	URL string `koanf:"url" json:"url,omitempty"`
	// Timeout is how long one attempt may take, from connecting to the end of the answer, 1s to 30s; 0 means 10s.
	Timeout time.Duration `koanf:"timeout" json:"timeout,omitempty"`
	// AskAgain is how long after an answer 202 a task that was not ended is sent again, 10s to 1h; 0 means 5m.
	AskAgain time.Duration `koanf:"ask_again" json:"ask_again,omitempty"`
	// Secrets sign, each with a signature of its own: whsec_ and a key in base64. One or, while it is changed, two. They are keys of their own in the store.
	Secrets     []Secret `koanf:"secrets" json:"-"`
	SecretFiles []string `koanf:"secret_files" json:"-"`
	// Held are the secrets without their text.
	Held []HeldSecret `json:"-"`
}

// HeldSecret is a secret of a webhook provisioner without its text.
type HeldSecret struct {
	ID        string
	CreatedAt time.Time
}

// The defaults of a [Hook].
const (
	HookTimeout  = 10 * time.Second
	HookAskAgain = 5 * time.Minute
)

// Given says whether anything is said of a hook.
func (h Hook) Given() bool {
	return h.URL != "" || h.Timeout != 0 || h.AskAgain != 0 || len(h.Secrets)+len(h.SecretFiles) > 0
}

// IsZero says whether the document of a provisioner has nothing of it.
func (h Hook) IsZero() bool { return h.URL == "" && h.Timeout == 0 && h.AskAgain == 0 }

// Of says whether a seller may use the provisioner.
func (p Provisioner) Of(seller string) bool { return p.Seller == "" || p.Seller == seller }

// The types of provisioner.
const (
	ProvisionerTemplate = "template"
	ProvisionerWorker   = "worker"
	ProvisionerWebhook  = "webhook"
)

// ProvisionerTypes are all of them.
func ProvisionerTypes() []string {
	return []string{ProvisionerTemplate, ProvisionerWorker, ProvisionerWebhook}
}
