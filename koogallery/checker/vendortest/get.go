// SPDX-License-Identifier: Apache-2.0

package vendortest

import "net/http"

// get answers the calls of SaaS V1.0 and License V1.
func (v *Vendor) get(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }
