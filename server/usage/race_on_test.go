// SPDX-License-Identifier: Apache-2.0

//go:build race

package usage_test

// manyHistories is how many histories are played when nobody says how many.
const manyHistories = 60
