// SPDX-License-Identifier: Apache-2.0

package seller

// Provisioner is a queue of tasks and who serves it.
type Provisioner struct {
	// Seller is who alone may use it; empty for one of the file, which serves all.
	Seller string `json:"-"`

	Name     string   `koanf:"name" json:"-"`
	Type     string   `koanf:"type" json:"type,omitempty"` // template or worker
	Template Template `koanf:"template" json:"template,omitzero"`
}

// Template is what the built-in provisioner fills in; {instance}, {order}, {product} and {sku} are replaced.
type Template struct {
	FrontEndURL string `koanf:"front_end_url" json:"front_end_url,omitempty"`
	AdminURL    string `koanf:"admin_url" json:"admin_url,omitempty"`
	UserName    string `koanf:"user_name" json:"user_name,omitempty"` // with it a password is generated
	Memo        string `koanf:"memo" json:"memo,omitempty"`
	Licence     string `koanf:"licence" json:"licence,omitempty"` // what a licence begins with; LICENCE-{instance} when empty
}

// Of says whether a seller may use the provisioner.
func (p Provisioner) Of(seller string) bool { return p.Seller == "" || p.Seller == seller }

// The types of provisioner.
const (
	ProvisionerTemplate = "template"
	ProvisionerWorker   = "worker"
)
