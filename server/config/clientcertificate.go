// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"

	"github.com/koogate/koogate/server/access"
)

// Certificate is a client's certificate that names its holder, who needs no token. The listener verifies it by its client_ca_file.
type Certificate struct {
	Name    string   `koanf:"name"`
	Subject string   `koanf:"subject"` // a DNS name, URI or mail address of the certificate, or its whole subject by RFC 2253
	Scopes  []string `koanf:"scopes"`  // what the holder may do; one at least
	Queues  []string `koanf:"queues"`  // from which it may lease; none means every queue of workers
}

// Allows lists what the certificate's holder may do.
func (c Certificate) Allows() []access.Scope { return scopesOf(c.Scopes) }

// checkCertificates covers the certificates of clients. A subject names one seller.
func (s Seller) checkCertificates(f *findings, at string, subjects map[string]bool) {
	names := make(map[string]bool)
	for k, c := range s.Certificates {
		path := fmt.Sprintf("%s.certificates[%d]", at, k)
		f.name(path+".name", c.Name, names)
		switch {
		case c.Subject == "":
			f.add(path+".subject", msgNone)
		case subjects[c.Subject]:
			f.add(path+".subject", msgKeyTwice)
		}
		subjects[c.Subject] = true
	}
}
