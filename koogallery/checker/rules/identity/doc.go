// SPDX-License-Identifier: Apache-2.0

// Package identity holds the rules about which instance an order is: one for each order line, the same at every repetition, and none
// for what nobody has bought.
package identity
