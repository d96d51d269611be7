// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"slices"
	"strings"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/openapi"
	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
)

// querying are the families that ask for instances by POST.
var querying = []judge.Family{judge.FamilySaasV2, judge.FamilyOrderNotify}

// shows are the IDs of the instances that an answer shows.
func shows(s probe.Seen) (ids []string) {
	answer, _ := judge.Object(s.Answer.Body)
	if !s.Succeeded() {
		return nil
	}
	info, _ := answer.List("info")
	for _, element := range info {
		id, _ := element.Text("instanceId")
		ids = append(ids, id)
	}
	return ids
}

var unknownHidden = rule.Rule{
	ID: "unknown-instance-is-not-shown", Families: querying, Deep: true, Severity: rule.Breaks,
	Sentence: rule.Say(
		"queryInstance 不会显示没有人购买过的实例，单独查询和与已有实例一起查询都一样。",
		"queryInstance shows no instance that nobody has bought, neither alone nor beside one that is there."),
	Cost: rule.Say(
		"云商店把任何 ID 都当作已开通：失败的开通看起来成功，买家得到打不开的入口。",
		"The marketplace takes any ID for an instance that is there: a failed opening looks done, and the buyer gets a dead link."),
	Remedy: rule.Say(
		"按 instanceId 在数据库中查找；找不到时单独查询返回 000003，多个 ID 一起查询时略去它。",
		"Look each instanceId up; answer 000003 when the only one is not found, and leave it out among others."),
	Source: []string{"query-unknown"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		of := p.Purchase()
		id, last := p.Opened(ctx, of)
		if !last.OK() {
			return rule.Unknown("开通没有成功：%s", "the purchase could not be opened: %s", last.Why())
		}
		for _, asked := range []string{nobodys(p), id + "," + nobodys(p)} {
			seen := p.Query(ctx, of, asked)
			if unknown := asked[strings.LastIndex(asked, ",")+1:]; slices.Contains(shows(seen), unknown) {
				return rule.Broken("查询 %q 时显示了从未开通过的 %q", "the query for %q showed %q, which was never opened", asked, unknown)
			}
		}
		return rule.Holds()
	},
}

// nobodys is the ID of an instance that nobody has bought.
func nobodys(p *probe.Probe) string { return catalogue.UUID("nobody" + p.NewID()) }

var unknownRefused = rule.Rule{
	ID: "unknown-instance-is-refused", Families: []judge.Family{judge.FamilySaasV2, judge.FamilyLicenseOnline, judge.FamilyOrderNotify},
	Deep: true, Severity: rule.Breaks,
	Sentence: rule.Say(
		"对不存在的实例续费、冻结或解冻，不会得到 000000（文档中的结果码是 000003）。",
		"A renewal or a change of the status of an instance that does not exist is not answered with 000000 (the documented code is 000003)."),
	Cost: rule.Say(
		"买家付了续费的钱，云商店以为已生效，而什么也没有延长。",
		"The buyer pays for a renewal, the marketplace believes that it was made, and nothing was."),
	Remedy: rule.Say(
		"更新时检查受影响的行数；为 0 时返回 000003。",
		"Look how many rows the update has changed, and answer 000003 when there was none."),
	Source: []string{"online-unknown", "after-release", "result-codes"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		of := p.Purchase()
		id := nobodys(p)
		refresh := p.Refresh(ctx, judge.SceneRenewal, of, p.Later(of, openapi.MockRenew), id, nil)
		if refresh.OK() {
			return rule.Broken("续费不存在的实例得到 000000", "the renewal of an instance that does not exist was answered with 000000")
		}
		if s := p.Status(ctx, judge.StatusFreeze, of, id); s.OK() {
			return rule.Broken("冻结不存在的实例得到 000000", "the freeze of an instance that does not exist was answered with 000000")
		}
		if refresh.ResultCode == "" {
			return rule.Unknown("没有可用的应答：%s", "there is no answer to go by: %s", refresh.Why())
		}
		return rule.Holds()
	},
}

var lists = rule.Rule{
	ID: "query-knows-lists", Families: querying, Deep: true, Severity: rule.Breaks,
	Sentence: rule.Say(
		"queryInstance 的 instanceId 可以是逗号分隔的多个 ID，应答显示其中每一个。",
		"instanceId of queryInstance may be several IDs with commas between them, and the answer shows each of them."),
	Cost: rule.Say(
		"买家打开已购买的服务时看不到实例信息。",
		"The buyer who looks at several purchased services sees nothing of them."),
	Remedy: rule.Say(
		"按逗号拆分 instanceId，逐个查找，全部放进 info。",
		"Split instanceId at the commas, look each one up, and put all of them into info."),
	Source: []string{"query-id-list"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		var ids []string
		of := p.Purchase()
		for _, next := range []probe.Purchase{of, p.Purchase()} {
			id, last := p.Opened(ctx, next)
			if !last.OK() || slices.Contains(ids, id) {
				return rule.Unknown("两个购买没有都开通：%s", "the two purchases could not both be opened: %s", last.Why())
			}
			ids = append(ids, id)
		}
		seen := p.Query(ctx, of, strings.Join(ids, ","))
		for _, id := range ids {
			if !slices.Contains(shows(seen), id) {
				return rule.Broken("查询两个已开通的实例得到 %s，没有显示 %q", "the query for two instances that are there was answered with %s and did not show %q", seen.ResultCode, id)
			}
		}
		return rule.Holds()
	},
}

// most is how many instances a query may name.
const most = 100

var hundred = rule.Rule{
	ID: "query-takes-a-hundred", Families: querying, Severity: rule.Risks,
	Sentence: rule.Say(
		"queryInstance 接受一次 100 个 ID，不因文本长度拒绝（000002）。",
		"queryInstance takes 100 IDs at once and does not refuse them for the length of their text (000002)."),
	Cost: rule.Say(
		"参数表写长度 100，但正文允许 100 个 ID；按表校验会使批量查询失败。",
		"The table has a length of 100, but the text allows 100 IDs: checking the table's length fails a query for many."),
	Remedy: rule.Say(
		"限制 ID 的个数（100），而不是整个文本的长度。",
		"Bound the number of IDs at 100, not the length of the text."),
	Source: []string{"query-id-list"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		of := p.Purchase()
		one := p.Query(ctx, of, nobodys(p))
		if one.ResultCode == "" || resultcode.Code(one.ResultCode) == resultcode.InvalidParam || resultcode.Code(one.ResultCode) == resultcode.AuthFailed {
			return rule.Unknown("查询单个实例没有可用的应答：%s", "the query for one instance has no answer to go by: %s", one.Why())
		}
		ids := make([]string, most)
		for n := range ids {
			ids[n] = nobodys(p)
		}
		all := p.Query(ctx, of, strings.Join(ids, ","))
		if all.ResultCode == "" || resultcode.Code(all.ResultCode) == resultcode.InvalidParam {
			return rule.Broken("一次查询 100 个实例得到：%s", "the query for 100 instances was answered with: %s", all.Why())
		}
		return rule.Holds()
	},
}
