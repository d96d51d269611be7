// SPDX-License-Identifier: Apache-2.0

package console

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
)

var noon = time.Date(2026, 11, 28, 4, 0, 0, 0, time.UTC)

// TestEveryTextIsInBothLanguages: no key is missing, none is left over, and both languages take the same arguments.
func TestEveryTextIsInBothLanguages(t *testing.T) {
	verbs := regexp.MustCompile(`%[a-z]`)
	for key, w := range words {
		if w.zh == "" || w.en == "" || strings.Join(verbs.FindAllString(w.zh, -1), "") != strings.Join(verbs.FindAllString(w.en, -1), "") {
			t.Errorf("%s: %q and %q", key, w.zh, w.en)
		}
	}
	var source strings.Builder
	for _, file := range []string{"page.html", "console.go", "order.go", "picture.go", "reader.go", "verdict.go"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		source.Write(text)
	}
	used := make(map[string]bool)
	for _, m := range regexp.MustCompile(`(?:\bt |\.t\(|key = [^,\n]*, |key \+ )"([a-z.]+)"|"(fault\.[a-z]+|days|hours|minutes)"`).FindAllStringSubmatch(source.String(), -1) {
		for _, key := range m[1:] {
			if key != "" && key != ".title" {
				used[key] = true
			}
		}
	}
	for key := range used {
		if _, ok := words[key]; !ok {
			t.Errorf("%s has no text", key)
		}
	}
	for key := range words {
		kind, value, _ := strings.Cut(key, ".")
		if !used[key] && strings.ToUpper(value) != value && !strings.HasSuffix(key, ".title") {
			t.Errorf("nobody uses %s (%s)", key, kind)
		}
	}
	for prefix, values := range map[string]map[int32]string{
		"task": koogatev1.TaskKind_name, "state": koogatev1.TaskState_name, "instance": koogatev1.InstanceState_name,
		"query": koogatev1.QueryState_name,
	} {
		for n, name := range values {
			name = regexp.MustCompile(`^(TASK_KIND|TASK_STATE|INSTANCE_STATE|QUERY_STATE)_`).ReplaceAllString(name, "")
			if _, ok := words[prefix+"."+name]; n > 0 && !ok {
				t.Errorf("%s.%s has no word", prefix, name)
			}
		}
	}
}

// TestTheVerdictNamesTheWorst: of all that is true of an order the page says first what needs somebody.
func TestTheVerdictNamesTheWorst(t *testing.T) {
	task := func(state koogatev1.TaskState, left time.Duration) *koogatev1.Task {
		v := &koogatev1.Task{Queue: "crm", Kind: koogatev1.TaskKind_TASK_KIND_CREATE, State: state, Reason: "no disk"}
		if left != 0 {
			v.MarketplaceDeadline = &koogatev1.MarketplaceDeadline{Time: timestamppb.New(noon.Add(left)), Text: "the marketplace refunds", TextZh: "云商店退款"}
		}
		return v
	}
	instance := func(s koogatev1.InstanceState) *koogatev1.Instance {
		return &koogatev1.Instance{InstanceId: "i1", State: s, Reason: "no disk"}
	}
	const (
		provisioning, active = koogatev1.InstanceState_INSTANCE_STATE_PROVISIONING, koogatev1.InstanceState_INSTANCE_STATE_ACTIVE
		ready, failed        = koogatev1.TaskState_TASK_STATE_READY, koogatev1.TaskState_TASK_STATE_FAILED
	)
	for name, c := range map[string]struct {
		query     koogatev1.QueryState
		instances []*koogatev1.Instance
		tasks     []*koogatev1.Task
		mark, zh  string
	}{
		"waiting":   {0, []*koogatev1.Instance{instance(provisioning)}, []*koogatev1.Task{task(ready, 2*time.Hour)}, "waiting", "订单 CS1 还在等队列 crm 完成“开通”。2 小时后云商店退款。"},
		"soon":      {0, []*koogatev1.Instance{instance(provisioning)}, []*koogatev1.Task{task(ready, 90*time.Second)}, "risk", "订单 CS1 还在等队列 crm 完成“开通”。1 分 30 秒后云商店退款。"},
		"too late":  {0, []*koogatev1.Instance{instance(provisioning)}, []*koogatev1.Task{task(ready, -time.Second)}, "risk", "订单 CS1 还在等队列 crm 完成“开通”。云商店的等待时间已过：云商店退款。"},
		"no window": {0, []*koogatev1.Instance{instance(active)}, []*koogatev1.Task{task(ready, 0)}, "waiting", "订单 CS1 还在等队列 crm 完成“开通”。"},
		"failed":    {0, []*koogatev1.Instance{instance(active), instance(provisioning)}, []*koogatev1.Task{task(ready, time.Hour), task(failed, 0)}, "failed", "订单 CS1 的任务“开通”失败：no disk。处理后重试该任务。"},
		"query":     {koogatev1.QueryState_QUERY_STATE_FAILED, nil, []*koogatev1.Task{task(failed, 0)}, "failed", "订单 CS1 开通失败：向云商店查询订单没有成功（refused）。处理后重试该任务。"},
		"dead":      {0, []*koogatev1.Instance{instance(active), instance(koogatev1.InstanceState_INSTANCE_STATE_FAILED)}, nil, "failed", "订单 CS1 的实例 i1 开通失败：no disk。"},
		"active":    {0, []*koogatev1.Instance{instance(active), instance(koogatev1.InstanceState_INSTANCE_STATE_RELEASED)}, nil, "ok", "订单 CS1 已开通 1 个实例，没有待办任务。"},
		"frozen":    {0, []*koogatev1.Instance{instance(active), instance(koogatev1.InstanceState_INSTANCE_STATE_FROZEN)}, nil, "waiting", "订单 CS1 有 1 个实例被冻结，数据保留。"},
		"released":  {0, []*koogatev1.Instance{instance(koogatev1.InstanceState_INSTANCE_STATE_RELEASED)}, nil, "ok", "订单 CS1 的实例均已释放。"},
		"overtaken": {koogatev1.QueryState_QUERY_STATE_FAILED, []*koogatev1.Instance{instance(koogatev1.InstanceState_INSTANCE_STATE_RELEASED)}, nil, "ok", "订单 CS1 的实例均已释放。"},
		"nothing":   {0, nil, nil, "ok", "订单 CS1 没有实例。"},
	} {
		t.Run(name, func(t *testing.T) {
			o := &koogatev1.Order{OrderId: "CS1", QueryState: c.query, QueryReason: "refused"}
			if got := (reader{"zh", noon}).verdict(o, c.instances, c.tasks); got != (verdict{c.mark, c.zh}) {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// TestThePictureLeavesPausesOut: the first second and the third month can both be seen, in their order.
func TestThePictureLeavesPausesOut(t *testing.T) {
	at := func(name string, after, long time.Duration) span {
		return span{name: name, service: "koogate", start: noon.Add(after), end: noon.Add(after + long)}
	}
	const month = 30 * 24 * time.Hour
	p := draw([]span{
		at("order", 0, 20*time.Millisecond), at("query", 50*time.Millisecond, 100*time.Millisecond), at("create", 2*time.Second, time.Second),
		at("renew", month, 5*time.Millisecond), at("release", 3*month, time.Second),
	}, reader{"en", noon})
	var labels []string
	for _, b := range p.Breaks {
		labels = append(labels, b.Label)
	}
	if got := strings.Join(labels, ", "); got != "1 s 999 ms, 29 d 23 h, 60 d" && got != "1 s, 29 d 23 h, 59 d 23 h" {
		t.Errorf("left out: %s", got)
	}
	for i, r := range p.Rows {
		if r.X < namesWidth || r.X+r.Width > pictureWidth || i > 0 && r.X < p.Rows[i-1].X+p.Rows[i-1].Width {
			t.Errorf("%s stands at %d to %d", r.Name, r.X, r.X+r.Width)
		}
	}
	if renewed, released := p.Rows[3], p.Rows[4]; renewed.X+renewed.Width+breakWidth > released.X {
		t.Errorf("two months are not left out: %+v %+v", renewed, released)
	}
}

// TestASpanWhoseParentIsMissingIsShown, and one of a ring does no harm.
func TestASpanWhoseParentIsMissingIsShown(t *testing.T) {
	const tracing = `{"data":[{"spans":[
		{"spanID":"a","operationName":"first","startTime":1,"references":[{"refType":"CHILD_OF","spanID":"gone"}]},
		{"spanID":"c","operationName":"third","startTime":3,"references":[{"refType":"CHILD_OF","spanID":"b"}]},
		{"spanID":"b","operationName":"second","startTime":2,"references":[{"refType":"CHILD_OF","spanID":"a"}]},
		{"spanID":"x","operationName":"ring","startTime":4,"references":[{"refType":"CHILD_OF","spanID":"y"}]},
		{"spanID":"y","operationName":"ring","startTime":4,"references":[{"refType":"CHILD_OF","spanID":"x"}]}]}]}`
	var trace jaegerTrace
	if err := json.Unmarshal([]byte(tracing), &trace); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range trace.tree() {
		names = append(names, strings.Repeat(">", s.depth)+s.name)
	}
	if got := strings.Join(names, " "); got != "first >second >>third" {
		t.Errorf("got %s", got)
	}
}
