// SPDX-License-Identifier: Apache-2.0

package remote

import koogatev1 "github.com/koogate/koogate/gen/koogate/v1"

// Endpoints is koogate endpoints.
type Endpoints struct {
	List   List[koogatev1.ListEndpointsRequest, browse]                                           `cmd:"" help:"Show endpoints; --filter by endpoint and managed_by."`
	Get    Get[koogatev1.GetEndpointRequest]                                                      `cmd:"" help:"Show an endpoint with its settings."`
	Create Create[koogatev1.CreateEndpointRequest, made]                                          `cmd:"" help:"Add an endpoint with its first keys and products; a key that Koogate makes is shown this once."`
	Update Update[koogatev1.UpdateEndpointRequest, koogatev1.GetEndpointRequest, changedOrForced] `cmd:"" help:"Change settings of an endpoint."`
	Delete Act[koogatev1.DeleteEndpointRequest, ended]                                            `cmd:"" help:"End an endpoint with its products and keys."`
}

// Help is shown by koogate endpoints --help.
func (Endpoints) Help() string {
	return `Examples:
  koogate endpoints create shop -f shop.yaml --reason 'a second shop' --dry-run
  koogate endpoints update shop --set skew=90s --reason 'its clock is slow'
  koogate endpoints get shop -o yaml > shop.yaml      and after an edit
  koogate endpoints update shop -f shop.yaml --reason 'as agreed'
  koogate endpoints delete shop --reason closed`
}

// Sellers is koogate sellers.
type Sellers struct {
	List   List[koogatev1.ListSellersRequest, browse]                                        `cmd:"" help:"Show the sellers that the token sees; --filter by seller and managed_by."`
	Get    Get[koogatev1.GetSellerRequest]                                                   `cmd:"" help:"Show a seller, without its secrets."`
	Create Create[koogatev1.CreateSellerRequest, made]                                       `cmd:"" help:"Add a seller; its first token is shown this once."`
	Update Update[koogatev1.UpdateSellerRequest, koogatev1.GetSellerRequest, changedOrTried] `cmd:"" help:"Change how a seller reaches the marketplace."`
	Delete Act[koogatev1.DeleteSellerRequest, ended]                                         `cmd:"" help:"End a seller with its endpoints, products, provisioners, keys and tokens."`
}

// Help is shown by koogate sellers --help.
func (Sellers) Help() string {
	return `Secret keys come from a file or, with -, from the standard input.

Examples:
  (umask 077; koogate sellers create beta -f beta.yaml --reason 'contract 4711' > beta-token)
  koogate sellers update beta -f new-access-key.yaml --reason rotation
  koogate sellers delete beta --reason 'contract 4711 ended'`
}

// Products is koogate products.
type Products struct {
	List   List[koogatev1.ListProductsRequest, browse]                                         `cmd:"" help:"Show the products of all endpoints; --filter by endpoint, product_id, provisioner and managed_by."`
	Get    Act[koogatev1.GetProductRequest, product]                                           `cmd:"" help:"Show a product of an endpoint."`
	Create Create[koogatev1.CreateProductRequest, newProduct]                                  `cmd:"" help:"Add a product to an endpoint."`
	Update Update[koogatev1.UpdateProductRequest, koogatev1.GetProductRequest, changedProduct] `cmd:"" help:"Change settings of a product."`
	Delete Act[koogatev1.DeleteProductRequest, endedProduct]                                   `cmd:"" help:"End a product of an endpoint."`
}

// Help is shown by koogate products --help.
func (Products) Help() string {
	return `Examples:
  koogate products create shop OFFI-SMS --set provisioner=crm --set meter.name=sms
  koogate products update shop '*' --set provisioner=crm-2 --open-tasks follow --reason 'crm is full'`
}

// Provisioners is koogate provisioners.
type Provisioners struct {
	List         List[koogatev1.ListProvisionersRequest, browse]                                             `cmd:"" help:"Show provisioners; --filter by provisioner, type and managed_by."`
	Get          Get[koogatev1.GetProvisionerRequest]                                                        `cmd:"" help:"Show a provisioner."`
	Create       Create[koogatev1.CreateProvisionerRequest, made]                                            `cmd:"" help:"Add a provisioner; the secret of a webhook is shown this once."`
	Update       Update[koogatev1.UpdateProvisionerRequest, koogatev1.GetProvisionerRequest, changedOrTried] `cmd:"" help:"Change settings of a provisioner."`
	Delete       Act[koogatev1.DeleteProvisionerRequest, ended]                                              `cmd:"" help:"End a provisioner."`
	AddSecret    Act[koogatev1.AddProvisionerSecretRequest, changed]                                         `cmd:"" help:"Give a webhook provisioner a second secret, which is shown this once."`
	RetireSecret Act[koogatev1.RetireProvisionerSecretRequest, endedSecret]                                  `cmd:"" help:"End a secret for good."`
}

// Help is shown by koogate provisioners --help.
func (Provisioners) Help() string {
	return `Examples:
  koogate provisioners create crm-2 --set type=worker --reason 'a second CRM'
  koogate provisioners create crm-3 --set type=webhook --set webhook.url=https://crm.example.com/tasks > crm-3-secret`
}

type made struct {
	one
	why
	dry
}

type changed struct {
	one
	why
	based
}

// changedOrForced is for an update that something may be in the way of.
type changedOrForced struct {
	changedOrTried
	forced
}

// changedOrTried is for an update, which has an --etag of its own.
type changedOrTried struct {
	one
	why
	dry
}

type ended struct {
	one
	why
	based
	forced
	dry
	sure
}

type endedSecret struct {
	one
	Secret string `arg:"" api:"2" help:"The secret's ID, as get shows it."`
	why
	based
	sure
}

type product struct {
	Endpoint string `arg:"" api:"1" help:"The endpoint."`
	Product  string `arg:"" api:"2" help:"The marketplace's product ID, or * for all others."`
}

type newProduct struct {
	product
	why
	dry
}

type changedProduct struct {
	product
	OpenTasks string `api:"open_tasks" help:"What becomes of tasks that can be leased when another provisioner fulfils it: stay (default) or follow." placeholder:"WORD"`
	why
	dry
}

type endedProduct struct {
	product
	why
	based
	forced
	dry
	sure
}
