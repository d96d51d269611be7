// SPDX-License-Identifier: Apache-2.0

package simulator

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

// label names an activity in both languages for the seller-centre pages.
func (a Activity) label() string {
	switch a {
	case ActivityNew:
		return "创建实例 create"
	case ActivityExpire:
		return "商品过期 expire"
	case ActivityStatus1:
		return "资源状态变更 status"
	case ActivityRise:
		return "商品升级 upgrade"
	case ActivityGetLicense:
		return "获取License get licence"
	case ActivityRefreshLicense:
		return "License续费 renew licence"
	case ActivityExpireLicense:
		return "License过期 expire licence"
	case ActivityReleaseLicense:
		return "License释放 release licence"
	case ActivityRefreshCode:
		return "更新授权码有效期 update code"
	case ActivityStatusCode:
		return "变更授权码状态 code status"
	case ActivityReleaseCode:
		return "释放授权码 release code"
	case ActivityLicenseAsync:
		return "异步获取License get licence"
	case ActivityNotify:
		return "订单通知 order notification"
	case ActivityTenant:
		return "企业同步 tenant"
	case ActivityApplication:
		return "应用同步 application"
	case ActivityAuth:
		return "用户授权同步 users"
	case ActivitySingleOrg:
		return "部门增量同步 department"
	case ActivityAllOrg:
		return "部门全量同步 all departments"
	case ActivityQuery:
		return "查询实例信息 query"
	case ActivityRefresh:
		return "更新实例 update"
	case ActivityStatus:
		return "更新实例状态 status"
	case ActivityRelease:
		return "释放实例 release"
	case ActivityUpgrade:
		return "实例升级 upgrade"
	case ActivityCheck:
		return "续费变更校验 change check"
	default:
		return string(a)
	}
}
