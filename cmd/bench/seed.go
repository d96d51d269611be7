// SPDX-License-Identifier: Apache-2.0

package main

// minSize is the least number of orders in a database of growth.
const minSize = 100
