// SPDX-License-Identifier: Apache-2.0

package judge

// Activity is the name of a production-interface call (saas-v2 §4).
type Activity string

// The activities of SaaS V2.0.
const (
	ActivityNew     Activity = "newInstance"
	ActivityQuery   Activity = "queryInstance"
	ActivityRefresh Activity = "refreshInstance"
	ActivityStatus  Activity = "updateInstanceStatus"
	ActivityRelease Activity = "releaseInstance"
	ActivityUpgrade Activity = "upgradeInstance"
	ActivityCheck   Activity = "changeInstanceCheck"
)

// The activities of the other families. Those that are missing here are called as
// in SaaS V2.0.
const (
	ActivityExpire  Activity = "expireInstance" // SaaS V1.0 (saas-v1 §1)
	ActivityStatus1 Activity = "instanceStatus"
	ActivityRise    Activity = "upgrade"

	ActivityGetLicense     Activity = "getLicense" // License V1 (saas-v1 §4)
	ActivityRefreshLicense Activity = "refreshLicense"
	ActivityExpireLicense  Activity = "expireLicense"
	ActivityReleaseLicense Activity = "releaseLicense"

	ActivityRefreshCode Activity = "refreshLicenseCode" // License 2.0 (saas-v1 §5.3)
	ActivityStatusCode  Activity = "updateLicenseCodeStatus"
	ActivityReleaseCode Activity = "releaseLicenseCode"

	ActivityLicenseAsync Activity = "getLicenseAsync" // 在线开通License (saas-v1 §6)

	ActivityNotify Activity = "orderNotify" // 订单通知 (saas-v1 §9)

	ActivityTenant      Activity = "tenantSync" // Kit (kit §A)
	ActivityApplication Activity = "applicationSync"
	ActivityAuth        Activity = "authSync"
	ActivitySingleOrg   Activity = "singleOrgSync"
	ActivityAllOrg      Activity = "allOrgSync"
)

// Scenes of refreshInstance (saas-v2 §5.3).
const (
	SceneTrialToFormal = "TRIAL_TO_FORMAL"
	SceneRenewal       = "RENEWAL"
	SceneCancelRenewal = "UNSUBSCRIBE_RENEWAL_PERIOD"
	SceneRenewalChange = "RENEWAL_CHANGE"
)

// Status values of updateInstanceStatus (saas-v2 §5.4).
const (
	StatusFreeze   = "FREEZE"
	StatusUnfreeze = "UNFREEZE"

	// StatusNormal is what SaaS V1.0 calls UNFREEZE (saas-v1 §1.7).
	StatusNormal = "NORMAL"
)

// Joint tells whether an activity is one of the Kit's synchronisation.
func (a Activity) Joint() bool {
	switch a {
	case ActivityTenant, ActivityApplication, ActivityAuth, ActivitySingleOrg, ActivityAllOrg:
		return true
	default:
		return false
	}
}
