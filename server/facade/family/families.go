// SPDX-License-Identifier: Apache-2.0

package family

// All are all protocol families that the facade speaks. The first is what an endpoint serves when its configuration names
// none. A new family is a proto file, a handler in server/api/production, a file here and one line below.
func All() []Family {
	return []Family{
		saasV2(),
		saasV1(),
		licenseV1(),
		licenseCode(),
		licenseOnline(),
		orderNotify(),
		kitV1(),
		kitV2(),
	}
}
