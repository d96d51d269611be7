// SPDX-License-Identifier: Apache-2.0

package openapi

import "slices"

// API names an interface of the marketplace, as Config.NoFallback does.
type API string

// The interfaces.
const (
	APIOrderQuery   API = "order_query"
	APIUpload       API = "licence_upload"
	APIUsage        API = "usage" // the new and the old one
	APILicence      API = "licence"
	APILicenceUsage API = "licence_usage"
	APIAsset        API = "asset"
)

// APIs returns all names.
func APIs() []API {
	return []API{APIOrderQuery, APIUpload, APIUsage, APILicence, APILicenceUsage, APIAsset}
}

// Known reports whether a is the name of an interface.
func (a API) Known() bool { return slices.Contains(APIs(), a) }

// api returns the interface that a call belongs to.
func (c call) api() API {
	switch c.name {
	case callQuery:
		return APIOrderQuery
	case callUpload:
		return APIUpload
	case callUsage, callUsageOld:
		return APIUsage
	case callLicenseUsage:
		return APILicenceUsage
	case callAsset:
		return APIAsset
	default:
		return APILicence
	}
}
