// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	productionv1 "github.com/koogate/koogate/gen/koogate/production/v1"
	"github.com/koogate/koogate/koogallery/deadline"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/server/facade/family"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/telemetry"
)

// atOnce are the activities that are never answered when a task is done: they create and have rules of their own, or they only ask,
// tell, or synchronise.
var atOnce = []string{
	"newInstance", "getLicense", "getLicenseAsync", "queryInstance", "changeInstanceCheck", "orderNotify",
	"tenantSync", "applicationSync", "authSync", "singleOrgSync", "allOrgSync",
}

// TestEveryFamilyIsEverywhere: both sides of the wire have the same families, the marketplace's patience with each is known, and the core and
// the metrics know every activity of the contract. Where no wall stands between, one is made from the other; this holds the rest.
func TestEveryFamilyIsEverywhere(t *testing.T) {
	var known, played []string
	for _, f := range deadline.Families() {
		known = append(known, string(f))
		steps := []deadline.Step{deadline.Open, deadline.Refresh, deadline.Sync}
		if !slices.ContainsFunc(steps, func(s deadline.Step) bool { _, ok := deadline.Of(f, s); return ok }) {
			t.Errorf("%s: how long the marketplace repeats its calls is not known", f)
		}
	}
	for _, f := range judge.Families() {
		played = append(played, string(f))
	}
	spoken := family.Names()
	for _, list := range [][]string{known, played, spoken} {
		slices.Sort(list)
	}
	if !slices.Equal(spoken, known) {
		t.Errorf("the facade speaks %v, koogallery/deadline knows %v", spoken, known)
	}
	if !slices.Equal(played, known) {
		t.Errorf("koogallery/judge judges %v, koogallery/deadline knows %v", played, known)
	}
	waits := fulfil.CompletionActivities()
	seen := 0
	for _, activity := range activities() {
		seen++
		if telemetry.KnownActivity(activity) != activity {
			t.Errorf("%s is %q in the metrics", activity, telemetry.KnownActivity(activity))
		}
		if slices.Contains(waits, activity) == slices.Contains(atOnce, activity) {
			t.Errorf("%s must be in fulfil's table of what can be answered when it is done, or here in atOnce", activity)
		}
	}
	if seen != len(waits)+len(atOnce) {
		t.Errorf("the contract has %d activities, the core and this test %d", seen, len(waits)+len(atOnce))
	}
}

// activities are the last elements of the paths of the contract.
func activities() (list []string) {
	contract := productionv1.File_koogate_production_v1_saas_v2_proto.Package()
	protoregistry.GlobalFiles.RangeFilesByPackage(contract, func(f protoreflect.FileDescriptor) bool {
		for i := range f.Services().Len() {
			methods := f.Services().Get(i).Methods()
			for k := range methods.Len() {
				rule, _ := proto.GetExtension(methods.Get(k).Options(), annotations.E_Http).(*annotations.HttpRule)
				for _, r := range append(rule.GetAdditionalBindings(), rule) {
					path := r.GetPost() + r.GetGet()
					name := path[strings.LastIndexByte(path, '/')+1:]
					if !slices.Contains(list, name) {
						list = append(list, name)
					}
				}
			}
		}
		return true
	})
	return list
}
