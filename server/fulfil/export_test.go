// SPDX-License-Identifier: Apache-2.0

package fulfil

// ShownAccess is what is shown of access information that was sealed.
func ShownAccess(a Access) Access { return a.wire() }
