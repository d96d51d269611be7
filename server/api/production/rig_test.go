// SPDX-License-Identifier: Apache-2.0

package production_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"log/slog"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	productionv1 "github.com/koogate/koogate/gen/koogate/production/v1"
	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/server/access"
	"github.com/koogate/koogate/server/api/production"
	"github.com/koogate/koogate/server/call"
	"github.com/koogate/koogate/server/clock/clocktest"
	"github.com/koogate/koogate/server/directory"
	"github.com/koogate/koogate/server/facade/wirejson"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/store/memory"
)

// The keys of the reference's synthetic vectors (saas-v1 §11).
const (
	keyA = "00000000-1111-2222-3333-444444444444"
	keyB = "xxxxxxx"
)

// dir remembers the last synchronisation.
type dir struct {
	last any
	err  error
}

func (d *dir) note(v any) (bool, error) {
	d.last = v
	return d.err == nil, d.err
}

func (d *dir) SyncTenant(_ context.Context, c directory.Tenant) (bool, error) { return d.note(c) }

func (d *dir) SyncApplication(_ context.Context, c directory.Application) (bool, error) {
	return d.note(c)
}

func (d *dir) SyncUsers(_ context.Context, c directory.Users) (bool, error) { return d.note(c) }

func (d *dir) SyncDepartment(_ context.Context, c directory.Department) (bool, error) {
	return d.note(c)
}

func (d *dir) SyncDepartments(_ context.Context, c directory.Departments) (bool, error) {
	return d.note(c)
}

// rig is what the services of all families run on in tests.
type rig struct {
	core *core
	dir  *dir
	deps production.Deps
	log  *bytes.Buffer
}

func newRig(set production.Settings) *rig {
	r := &rig{core: &core{answer: fulfil.Answer{Code: resultcode.Success}}, dir: &dir{}, log: &bytes.Buffer{}}
	clk := clocktest.New(noon)
	r.deps = production.Deps{
		Core: r.core, Directory: r.dir, Settings: func() map[string]production.Settings { return map[string]production.Settings{"demo": set} }, Guard: memory.New(clk.Now), Clock: clk,
		Metrics: telemetry.NewMetrics(prometheus.NewRegistry()),
		Log:     slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	return r
}

// arrived is when the calls of [verified] came in.
var arrived = noon.Add(-time.Second)

// verified is the context of a call that the facade verified with a key.
func verified(t testing.TB, key string) context.Context {
	t.Helper()
	return called(t.Context(), &call.Call{Arrived: arrived, Key: key})
}

// called is the context of a call that the facade verified at the endpoint demo.
func called(ctx context.Context, c *call.Call) context.Context {
	return call.With(access.With(ctx, access.Principal{Kind: access.Signature, Seller: "demo-seller", Subject: "demo"}), c)
}

// asSeller is the context of a call with a token of a seller.
func asSeller(ctx context.Context, seller string) context.Context {
	return access.With(ctx, access.Principal{Kind: access.Token, Seller: seller})
}

// wire returns a message as the facade writes it.
func wire(t testing.TB, m proto.Message) string {
	t.Helper()
	var services []protoreflect.ServiceDescriptor
	for _, f := range []protoreflect.FileDescriptor{
		productionv1.File_koogate_production_v1_saas_v2_proto, productionv1.File_koogate_production_v1_saas_v1_proto,
		productionv1.File_koogate_production_v1_license_v1_proto, productionv1.File_koogate_production_v1_license_code_proto,
		productionv1.File_koogate_production_v1_license_online_proto, productionv1.File_koogate_production_v1_order_notify_proto,
		productionv1.File_koogate_production_v1_kit_proto,
	} {
		services = append(services, f.Services().Get(0))
	}
	c, err := wirejson.NewCodec(services...)
	if err != nil {
		t.Fatal(err)
	}
	b, err := c.Append(nil, m)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// secretKey is a key for client secrets, made once.
var secretKey = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 3072)
	if err != nil {
		panic(err)
	}
	return k
})

// same fails the test when the core or the directory got something else.
func same(t testing.TB, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v, want\n%+v", got, want)
	}
}

// demo is the endpoint that the fake core knows.
func demo() *fulfil.Endpoint { return &fulfil.Endpoint{Name: "demo", Seller: "demo-seller"} }

// rpc is one call that must work, with what is documented as its answer and what is expected behind it.
type rpc struct {
	name string
	req  proto.Message
	do   func(context.Context, production.Deps, proto.Message) (proto.Message, error)
	done string // the documented body of a success
	want any    // what the core or the directory gets
}

func method[Q, A proto.Message](name string, req Q, f func(production.Deps) func(context.Context, Q) (A, error), done string, want any) rpc {
	return rpc{name, req, func(ctx context.Context, d production.Deps, m proto.Message) (proto.Message, error) {
		return f(d)(ctx, m.(Q))
	}, done, want}
}

// set returns a copy of a request with a field changed.
func set(m proto.Message, field, text string) proto.Message {
	m = proto.Clone(m)
	r := m.ProtoReflect()
	r.Set(r.Descriptor().Fields().ByName(protoreflect.Name(field)), protoreflect.ValueOfString(text))
	return m
}
