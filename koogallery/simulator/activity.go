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
)

// label names an activity in both languages for the seller-centre pages.
func (a Activity) label() string {
	switch a {
	case ActivityNew:
		return "创建实例 create"
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
