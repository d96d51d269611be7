// SPDX-License-Identifier: Apache-2.0

package rehearsal_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/simulator/rehearsal"
	"github.com/koogate/koogate/koogallery/simulator/simtest"
)

func joints() []judge.Family {
	return []judge.Family{judge.FamilyKitV1, judge.FamilyKitV2}
}

func TestJoint(t *testing.T) {
	for _, family := range joints() {
		p := simtest.NewPartner(t, nil)
		sim := simtest.Rehearsal(t, p, nil)
		var names []string
		var states []int // departments, users, disabled users
		report, err := sim.Joint(context.Background(), family, func(step rehearsal.JointStep) error {
			names = append(names, step.Name)
			disabled := 0
			for _, u := range step.Users {
				if u.State == rehearsal.JointDisabled {
					disabled++
				}
			}
			states = append(states, len(step.Departments), len(step.Users), disabled)
			if step.InstanceID == "" || step.OrderID == "" || step.TenantID == "" || step.AppID == "" {
				t.Errorf("step %+v", step)
			}
			return p.Compare(step)
		})
		if err != nil || report.Result != rehearsal.Passed {
			t.Fatalf("Joint = %+v, %v", report, err)
		}
		simtest.Equal(t, "steps", names, []string{
			"create", "tenantSync add", "applicationSync add", "allOrgSync all", "authSync add", "singleOrgSync add", "authSync disable", "tenantSync delete",
		})
		if want := []int{0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 2, 2, 0, 3, 2, 0, 3, 2, 1, 0, 0, 0}; !slices.Equal(states, want) {
			t.Errorf("states %v", states)
		}
		last := ""
		for _, h := range p.Heard {
			stamp, ok := h["timeStamp"]
			if _, kit := h["tenantId"]; !ok || !kit {
				continue
			}
			if len(stamp) != 17 || stamp <= last || !strings.HasPrefix(stamp, "20260130200000") { // Beijing
				t.Errorf("timeStamp %s after %s", stamp, last)
			}
			last = stamp
			_, list := h["orgInfoList"]
			if _, text := h["orgInfo"]; h["activity"] == "allOrgSync" && (list == text || text != (family == judge.FamilyKitV1)) {
				t.Errorf("allOrgSync %v", h)
			}
		}
		for _, c := range sim.Calls(report.OrderID) {
			if c.InstanceID == "" && c.Activity != judge.ActivityNew {
				t.Errorf("call %+v", c)
			}
		}
	}
}

// Whatever the order and the repetitions, the time stamps decide.
func TestJointShuffled(t *testing.T) {
	for _, family := range joints() {
		orders := map[string]bool{}
		for seed := range uint64(20) {
			p := simtest.NewPartner(t, nil)
			sim := simtest.Rehearsal(t, p, nil)
			steps := 0
			report, err := sim.JointShuffled(context.Background(), family, seed, func(step rehearsal.JointStep) error {
				steps++
				return p.Compare(step)
			})
			if err != nil || report.Result != rehearsal.Passed || steps != 15 {
				t.Fatalf("seed %d: %+v, %v", seed, report, err)
			}
			base := len(p.Sequence()) - 14
			calls := p.Sequence()[base:]
			orders[strings.Join(calls, " ")] = true
			slices.Sort(calls)
			want := twice(kitOrder()...)
			slices.Sort(want)
			simtest.Equal(t, "calls", calls, want)
			stamps := map[string]int{}
			for _, h := range p.Heard[base:] {
				stamps[h["timeStamp"]]++
			}
			if len(stamps) != 7 {
				t.Errorf("%d time stamps", len(stamps))
			}
		}
		if len(orders) < 19 {
			t.Errorf("%d different orders of 20", len(orders))
		}
	}
}

// A seller that believes the last call instead of the latest time stamp is found.
func TestJointShuffledFindsArrivalOrder(t *testing.T) {
	p := simtest.NewPartner(t, nil)
	sim := simtest.Rehearsal(t, p, nil)
	n := 0
	report, err := sim.JointShuffled(context.Background(), judge.FamilyKitV2, 1, func(step rehearsal.JointStep) error {
		n++
		p.ForgetAges()
		return p.Compare(step)
	})
	if err != nil || report.Result != rehearsal.Failed || n != 15 {
		t.Errorf("%+v, %v, %d steps", report, err, n)
	}
}

func TestJointReportsWhatTheCallerSees(t *testing.T) {
	wrong := errors.New("no such tenant")
	report, err := simtest.Rehearsal(t, simtest.NewPartner(t, nil), nil).Joint(context.Background(), judge.FamilyKitV1, func(step rehearsal.JointStep) error {
		if step.Name == "tenantSync add" {
			return wrong
		}
		return nil
	})
	if err != nil || report.Result != rehearsal.Failed || report.Steps[1].Err != wrong.Error() || len(report.Steps) != 8 {
		t.Errorf("%+v, %v", report, err)
	}
}

func TestCredential(t *testing.T) {
	for _, family := range joints() {
		p := simtest.NewPartner(t, nil)
		sim := simtest.Rehearsal(t, p, nil)
		report, err := sim.Credential(context.Background(), family)
		if err != nil || report.Result != rehearsal.Passed || len(p.Directory) != 0 || len(sim.Orders(0))+len(sim.Messages(0)) != 0 {
			t.Errorf("Credential = %+v, %v", report, err)
		}
		simtest.Equal(t, "calls", p.Sequence(), kitOrder()[:5])
		for _, h := range p.Heard {
			if h["testFlag"] != "1" || h["instanceId"] != "" || h["orderId"] != "" {
				t.Errorf("%v", h)
			}
		}
		for _, c := range sim.Calls("") {
			if !c.Test || c.MessageID != 0 {
				t.Errorf("%+v", c)
			}
		}
	}
}

// A Kit call that failed is repeated by hand, with the time stamp that it had.
func TestKitRestart(t *testing.T) {
	p := simtest.NewPartner(t, simtest.At("applicationSync", 1, simtest.Code("000005")))
	sim := simtest.Rehearsal(t, p, nil)
	report, err := sim.Joint(context.Background(), judge.FamilyKitV2, nil)
	if err != nil || report.Result != rehearsal.Failed || len(report.Steps) != 4 {
		t.Fatalf("%+v, %v", report, err)
	}
	if c, err := sim.Restart(context.Background(), report.OrderID); err != nil || c.Activity != judge.ActivityApplication || c.Attempt != 2 {
		t.Errorf("%+v, %v", c, err)
	}
	first, second := p.Heard[len(p.Heard)-2], p.Heard[len(p.Heard)-1]
	if first["timeStamp"] != second["timeStamp"] || first["clientSecret"] != second["clientSecret"] {
		t.Errorf("%v\n%v", first, second)
	}
}
