// SPDX-License-Identifier: Apache-2.0

package production

// The activities of the SaaS V2.0 production interface (saas-v2 §4). V1 shares the names of the first, second, third and
// fifth.
const (
	activityNew     = "newInstance"
	activityQuery   = "queryInstance"
	activityRefresh = "refreshInstance"
	activityStatus  = "updateInstanceStatus"
	activityRelease = "releaseInstance"
	activityUpgrade = "upgradeInstance"
	activityCheck   = "changeInstanceCheck"
)

// The activities that only SaaS V1.0 has (saas-v1 §1).
const (
	activityExpireV1  = "expireInstance"
	activityUpgradeV1 = "upgrade"
	activityStatusV1  = "instanceStatus"
)

// The activities of licences (saas-v1 §4, §5.3, §6) and of order notifications (saas-v1 §9).
const (
	activityLicense        = "getLicense"
	activityLicenseRefresh = "refreshLicense"
	activityLicenseExpire  = "expireLicense"
	activityLicenseRelease = "releaseLicense"
	activityCodeRefresh    = "refreshLicenseCode"
	activityCodeStatus     = "updateLicenseCodeStatus"
	activityCodeRelease    = "releaseLicenseCode"
	activityLicenseAsync   = "getLicenseAsync"
	activityOrderNotify    = "orderNotify"
)

// The synchronisations of the Kit by the last element of their paths (kit §A).
const (
	activityTenant      = "tenantSync"
	activityApplication = "applicationSync"
	activityAuth        = "authSync"
	activityOrg         = "singleOrgSync"
	activityAllOrg      = "allOrgSync"
)

// statusFreeze is the status of a freezing call in all families. Every other status that passes validation unfreezes.
const statusFreeze = "FREEZE"

// doneWithDot is the resultMsg of a success as the pages of SaaS V1.0 and of the licences print it; other pages have
// resultcode's own, or doneKit.
const (
	doneWithDot = "success."
	doneKit     = "Success"
)
