// SPDX-License-Identifier: Apache-2.0

// Package docs holds the data files that pages of this directory are generated from and that tests read: what the documents
// of the marketplace say and how it is settled ([Rules], fidelity.yaml), and the requests and answers that they print
// ([Examples], examples.yaml). [Errors] writes the page of the errors' reasons. Of the server it knows nothing but these.
//
// Nothing but tests and .ci/tools/fidelity uses it.
package docs
