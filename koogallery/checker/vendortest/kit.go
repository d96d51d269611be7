// SPDX-License-Identifier: Apache-2.0

package vendortest

import "net/http"

// kit answers the Kit's calls of synchronisation.
func (v *Vendor) kit(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }
