// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
)

// checkCertificates covers the certificates of clients. A subject names one seller.
func checkCertificates(f *findings, s Seller, at string, subjects map[string]bool) {
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
