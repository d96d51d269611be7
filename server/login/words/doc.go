// SPDX-License-Identifier: Apache-2.0

// Package words says in Chinese and English what becomes of a login: why it failed, what the person can do, and what the seller's staff
// looks at. Pages, the API and the command line take their texts from here, so that all three say the same. Start at [Of].
package words
