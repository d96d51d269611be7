// SPDX-License-Identifier: Apache-2.0

// Package catalogue is what there is to buy and who buys it: kinds of order, products, hosted assets, invented buyers, and
// the shapes of the marketplace's ids. It knows no orders and keeps nothing.
package catalogue
