// SPDX-License-Identifier: Apache-2.0

package facade

import (
	"context"
	"fmt"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/koogate/koogate/server/api/production"
	"github.com/koogate/koogate/server/facade/wirejson"
)

// Family is one protocol family: where its calls arrive, which rpcs answer them, and what they are about. The list of all
// is in families.go.
type Family struct {
	Name     string // as the configuration calls it
	door     *door
	services []service
	// subject tells what a call is about.
	subject func(seller, activity string, o *wirejson.Object) subject
}

// service is a gRPC service that answers activities of a family.
type service struct {
	descriptor protoreflect.ServiceDescriptor
	gateway    func(context.Context, *runtime.ServeMux, grpc.ClientConnInterface) error
	serve      func(grpc.ServiceRegistrar, production.Deps)
	only       []string // the activities that the family has; all when empty
}

// subject is what a call is about, as far as the facade has to know.
type subject struct {
	order     string // the order that the call names; the call belongs to that order's trace
	line      string // with order and product the key of what a creating call creates
	product   string
	business  string
	creates   bool
	instances string // one ID, or several separated by commas; the trace is that of their orders
}

// Families are the names of all families.
func Families() []string {
	all := families()
	names := make([]string, len(all))
	for i, f := range all {
		names[i] = f.Name
	}
	return names
}

// OfKit says whether a family's calls are signed with the Kit's keys.
func OfKit(name string) bool {
	for _, f := range families() {
		if f.Name == name {
			return f.door.kit
		}
	}
	return false
}

// Held says whether a family's calls are held until they can be answered with success.
func Held(name string) bool {
	for _, f := range families() {
		if f.Name == name {
			return f.door.v1 && !f.door.kit
		}
	}
	return false
}

// Signed says whether the answers to a family's calls are signed in any case.
func Signed(name string) bool {
	for _, f := range families() {
		if f.Name == name {
			return f.door.v1
		}
	}
	return false
}

// Serve registers the services of all families, each once.
func Serve(r grpc.ServiceRegistrar, d production.Deps) {
	for _, s := range services() {
		s.serve(r, d)
	}
}

// services are those of all families, each once.
func services() []service {
	var list []service
	seen := make(map[protoreflect.FullName]bool)
	for _, f := range families() {
		for _, s := range f.services {
			if name := s.descriptor.FullName(); !seen[name] {
				seen[name] = true
				list = append(list, s)
			}
		}
	}
	return list
}

// served resolves the families of an endpoint; none means the first.
func (e *endpoint) served() ([]Family, error) {
	all := families()
	if len(e.Families) == 0 {
		return all[:1], nil
	}
	var list []Family
	for _, name := range e.Families {
		found := false
		for _, f := range all {
			if f.Name == name {
				list, found = append(list, f), true
			}
		}
		if !found {
			return nil, fmt.Errorf("facade: endpoint %q: no protocol family %q", e.Name, name)
		}
	}
	return list, nil
}
