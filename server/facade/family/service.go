// SPDX-License-Identifier: Apache-2.0

package family

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/koogate/koogate/server/api/production"
)

// Service is a gRPC service that answers activities of a family.
type Service struct {
	Descriptor protoreflect.ServiceDescriptor
	Gateway    func(context.Context, *runtime.ServeMux, grpc.ClientConnInterface) error
	serve      func(grpc.ServiceRegistrar, production.Deps)
	only       []string // the activities that the family has; all when empty
}

// Serve registers the services of all families, each once.
func Serve(r grpc.ServiceRegistrar, d production.Deps) {
	for _, s := range Services() {
		s.serve(r, d)
	}
}

// Services are those of all families, each once.
func Services() []Service {
	var list []Service
	seen := make(map[protoreflect.FullName]bool)
	for _, f := range All() {
		for _, s := range f.Services {
			if name := s.Descriptor.FullName(); !seen[name] {
				seen[name] = true
				list = append(list, s)
			}
		}
	}
	return list
}

// Methods reads the activities of a service from the paths in the proto.
func (s Service) Methods(d *Door) (map[string]protoreflect.MethodDescriptor, error) {
	template := Prefix + "{endpoint}" + d.Inner
	found := make(map[string]protoreflect.MethodDescriptor)
	for i := range s.Descriptor.Methods().Len() {
		m := s.Descriptor.Methods().Get(i)
		rule, _ := proto.GetExtension(m.Options(), annotations.E_Http).(*annotations.HttpRule)
		for _, r := range append([]*annotations.HttpRule{rule}, rule.GetAdditionalBindings()...) {
			path := r.GetPost()
			if d.Method == http.MethodGet {
				path = r.GetGet()
			}
			activity, ok := strings.CutPrefix(path, template)
			if !ok || strings.Contains(activity, "/") || len(s.only) > 0 && !slices.Contains(s.only, activity) {
				continue
			}
			found[activity] = m
		}
	}
	if len(found) == 0 || len(s.only) > 0 && len(found) != len(s.only) {
		return nil, fmt.Errorf("facade: %s has no paths of the form %s %sACTIVITY", s.Descriptor.FullName(), d.Method, template)
	}
	return found, nil
}

// gateway makes a service's registration of its generated parts.
func gateway[C any](client func(grpc.ClientConnInterface) C, register func(context.Context, *runtime.ServeMux, C) error,
) func(context.Context, *runtime.ServeMux, grpc.ClientConnInterface) error {
	return func(ctx context.Context, mux *runtime.ServeMux, conn grpc.ClientConnInterface) error {
		return register(ctx, mux, client(conn))
	}
}
