// SPDX-License-Identifier: Apache-2.0

package licence

// Hash is hash, for tests.
func Hash(seller, code string) string { return hash(seller, code) }
