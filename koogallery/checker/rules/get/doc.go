// SPDX-License-Identifier: Apache-2.0

// Package get holds the rules that are particular to SaaS V1.0 and License V1, whose calls are GETs with an authToken over the query.
package get
