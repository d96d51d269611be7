// SPDX-License-Identifier: Apache-2.0

package pages

import (
	"fmt"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/simulator/billing"
	"github.com/koogate/koogate/koogallery/simulator/market"
)

// label names what the pages show, in both languages.
func label(v any) string {
	switch v := v.(type) {
	case judge.Activity:
		return activityLabel(v)
	case market.State:
		return stateLabel(v)
	case market.MessageState:
		return messageLabel(v)
	case billing.State:
		return usageLabel(v)
	default:
		return fmt.Sprint(v)
	}
}

// activityLabel names an activity in both languages for the seller-centre pages.
func activityLabel(a judge.Activity) string {
	switch a {
	case judge.ActivityNew:
		return "创建实例 create"
	case judge.ActivityExpire:
		return "商品过期 expire"
	case judge.ActivityStatus1:
		return "资源状态变更 status"
	case judge.ActivityRise:
		return "商品升级 upgrade"
	case judge.ActivityGetLicense:
		return "获取License get licence"
	case judge.ActivityRefreshLicense:
		return "License续费 renew licence"
	case judge.ActivityExpireLicense:
		return "License过期 expire licence"
	case judge.ActivityReleaseLicense:
		return "License释放 release licence"
	case judge.ActivityRefreshCode:
		return "更新授权码有效期 update code"
	case judge.ActivityStatusCode:
		return "变更授权码状态 code status"
	case judge.ActivityReleaseCode:
		return "释放授权码 release code"
	case judge.ActivityLicenseAsync:
		return "异步获取License get licence"
	case judge.ActivityNotify:
		return "订单通知 order notification"
	case judge.ActivityTenant:
		return "企业同步 tenant"
	case judge.ActivityApplication:
		return "应用同步 application"
	case judge.ActivityAuth:
		return "用户授权同步 users"
	case judge.ActivitySingleOrg:
		return "部门增量同步 department"
	case judge.ActivityAllOrg:
		return "部门全量同步 all departments"
	case judge.ActivityQuery:
		return "查询实例信息 query"
	case judge.ActivityRefresh:
		return "更新实例 update"
	case judge.ActivityStatus:
		return "更新实例状态 status"
	case judge.ActivityRelease:
		return "释放实例 release"
	case judge.ActivityUpgrade:
		return "实例升级 upgrade"
	case judge.ActivityCheck:
		return "续费变更校验 change check"
	default:
		return string(a)
	}
}

func stateLabel(s market.State) string {
	switch s {
	case market.Processing:
		return "处理中 processing"
	case market.Completed:
		return "已完成 completed"
	case market.Cancelled:
		return "已取消 cancelled"
	default:
		return string(s)
	}
}

func messageLabel(s market.MessageState) string {
	switch s {
	case market.MessagePending:
		return "进行中 pending"
	case market.MessageSucceeded:
		return "成功 succeeded"
	case market.MessageFailed:
		return "失败 failed"
	default:
		return string(s)
	}
}

func usageLabel(s billing.State) string {
	switch s {
	case billing.Accepted:
		return "正常 accepted"
	case billing.Billed:
		return "已出账 billed"
	case billing.Abnormal:
		return "异常 abnormal"
	default:
		return string(s)
	}
}
