// SPDX-License-Identifier: Apache-2.0

package config

import (
	"strings"
	"testing"
)

// TestCertificatesOfClients: each has a name, a subject that names one seller, and scopes that there are.
func TestCertificatesOfClients(t *testing.T) {
	c := Default()
	c.Sellers = []Seller{
		{Name: "a", APITokens: []Secret{"tok"}, Certificates: []Certificate{
			{Name: "good", Subject: "CN=good", Scopes: []string{"worker"}, Queues: []string{"crm"}},
			{Name: "good", Scopes: []string{"read"}},
			{Name: "none", Subject: "none.example", Queues: []string{"crm"}},
			{Name: "odd", Subject: "odd.example", Scopes: []string{"worker", "marketplace"}, Queues: []string{"nope"}},
		}},
		{Name: "b", Certificates: []Certificate{{Name: "good", Subject: "CN=good", Scopes: []string{"read"}}}},
	}
	c.Provisioners = []Provisioner{{Name: "crm", Type: ProvisionerWorker}}
	var f findings
	c.checkSellers(&f)
	c.checkGrants(&f)
	var paths []string
	for _, p := range f.list {
		paths = append(paths, p.Path)
	}
	const want = "sellers[0].certificates[1].name sellers[0].certificates[1].subject sellers[1].certificates[0].subject sellers[0].certificates[2].scopes " +
		"sellers[0].certificates[2].queues sellers[0].certificates[3].scopes[1] sellers[0].certificates[3].queues[0]"
	if got := strings.Join(paths, " "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
