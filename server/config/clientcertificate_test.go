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

// TestCertificatesThatNothingVerifiesAreNamed: without authorities no listener asks a client for its certificate, and those that a seller
// names let nobody in. That is said with its remedy, and is no fault.
func TestCertificatesThatNothingVerifiesAreNamed(t *testing.T) {
	for name, tc := range map[string]struct {
		grpc, api TLS
		want      bool
	}{
		"no TLS":                  {TLS{}, TLS{}, true},
		"TLS without authorities": {TLS{CertFile: "c", KeyFile: "k"}, TLS{CertFile: "c", KeyFile: "k"}, true},
		"gRPC asks":               {TLS{CertFile: "c", KeyFile: "k", ClientCAFile: "ca"}, TLS{}, false},
		"REST asks":               {TLS{}, TLS{CertFile: "c", KeyFile: "k", ClientCAFile: "ca"}, false},
	} {
		c := Default()
		c.Listeners.GRPC.TLS, c.Listeners.API.TLS = tc.grpc, tc.api
		c.Sellers = []Seller{{Name: "a"}, {Name: "b", Certificates: []Certificate{{Name: "crm", Subject: "CN=crm", Scopes: []string{"read"}}}}}
		var named []string
		for _, p := range c.Notices() {
			named = append(named, p.Path)
			for _, remedy := range []string{"listeners.grpc.tls.client_ca_file", "listeners.api.tls.client_ca_file"} {
				if !strings.Contains(p.EN, remedy) || !strings.Contains(p.ZH, remedy) {
					t.Errorf("%s: the remedy is not named in %v", name, p)
				}
			}
		}
		want := ""
		if tc.want {
			want = "sellers[1].certificates"
		}
		if got := strings.Join(named, " "); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}
