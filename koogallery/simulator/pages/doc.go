// SPDX-License-Identifier: Apache-2.0

// Package pages is the seller centre of a market, as a page and as JSON: orders, standing, messages, usage, bills and the
// seller's own requests. Its forms place orders and restart calls in the background. It knows neither how calls are written
// down nor the open APIs.
package pages
