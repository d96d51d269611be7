// SPDX-License-Identifier: Apache-2.0

package telemetry

import (
	"strings"
	"sync"
	"sync/atomic"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	productionv1 "github.com/koogate/koogate/gen/koogate/production/v1"
)

// Label values that stand for others.
const (
	other   = "other"   // the value is unknown, or there are too many values
	unnamed = "unknown" // empty
)

// activities are those of every protocol family: the last elements of the paths of the contract's rpcs.
var activities = sync.OnceValue(func() map[string]struct{} {
	all := make(map[string]struct{})
	name := func(rule *annotations.HttpRule) {
		path := rule.GetPost() + rule.GetGet()
		all[path[strings.LastIndexByte(path, '/')+1:]] = struct{}{}
	}
	contract := productionv1.File_koogate_production_v1_saas_v2_proto.Package()
	protoregistry.GlobalFiles.RangeFilesByPackage(contract, func(f protoreflect.FileDescriptor) bool {
		for i := range f.Services().Len() {
			methods := f.Services().Get(i).Methods()
			for k := range methods.Len() {
				rule, _ := proto.GetExtension(methods.Get(k).Options(), annotations.E_Http).(*annotations.HttpRule)
				name(rule)
				for _, further := range rule.GetAdditionalBindings() {
					name(further)
				}
			}
		}
		return true
	})
	return all
})

// KnownActivity returns activity when a protocol family has it, and "other" for anything else that a caller may send.
func KnownActivity(activity string) string {
	if _, ok := activities()[activity]; ok {
		return activity
	}
	return other
}

// bounded lets the first values of a label pass and turns all later ones into "other".
type bounded struct {
	limit int64
	seen  sync.Map // string → struct{}
	count atomic.Int64
}

func newBounded(limit int64) *bounded { return &bounded{limit: limit} }

func (b *bounded) value(v string) string {
	if v == "" {
		return unnamed
	}
	if _, ok := b.seen.Load(v); ok {
		return v
	}
	if len(v) > longestLabel || clean(v) != v || b.count.Load() >= b.limit {
		return other
	}
	if b.count.Add(1) > b.limit {
		return other
	}
	if _, taken := b.seen.LoadOrStore(v, struct{}{}); taken {
		b.count.Add(-1)
	}
	return v
}

const longestLabel = 64
