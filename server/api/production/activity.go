package production

// The activities of the SaaS V2.0 production interface (saas-v2 §4).
const (
	activityNew     = "newInstance"
	activityQuery   = "queryInstance"
	activityRefresh = "refreshInstance"
	activityStatus  = "updateInstanceStatus"
	activityRelease = "releaseInstance"
	activityUpgrade = "upgradeInstance"
	activityCheck   = "changeInstanceCheck"
)

// statusFreeze is the status of a freezing updateInstanceStatus; the only other one that passes validation is UNFREEZE.
const statusFreeze = "FREEZE"
