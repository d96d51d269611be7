// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/koogate/koogate/client"
	"github.com/koogate/koogate/cmd/koogate/internal/remote/contexts"
	"github.com/koogate/koogate/cmd/koogate/internal/remote/show"
	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
)

// completionTime is how long a shell that asks for names waits at most. Whoever is slower completes nothing.
const completionTime = 300 * time.Millisecond

// ContextNames are the names of the contexts, for a shell.
func ContextNames() []string {
	saved, err := contexts.Load()
	if err != nil {
		return nil
	}
	return saved.Names()
}

// named are the lists from which a shell completes names, by the noun, or noun and verb, of the command.
var named = map[string]proto.Message{
	"orders": &koogatev1.ListOrdersRequest{}, "instances": &koogatev1.ListInstancesRequest{}, "tasks": &koogatev1.ListTasksRequest{},
	"calls": &koogatev1.ListCallsRequest{}, "endpoints": &koogatev1.ListEndpointsRequest{}, "provisioners": &koogatev1.ListProvisionersRequest{},
	"keys": &koogatev1.ListKeysRequest{}, "keys create": &koogatev1.ListEndpointsRequest{}, "keys status": &koogatev1.ListEndpointsRequest{},
	"tokens": &koogatev1.ListTokensRequest{}, "sellers": &koogatev1.ListSellersRequest{}, "webhooks": &koogatev1.ListWebhooksRequest{}, "deliveries": &koogatev1.ListDeliveriesRequest{},
	"logins": &koogatev1.ListLoginsRequest{}, "logins try": &koogatev1.ListLoginApplicationsRequest{}, "logins redeem": &koogatev1.ListLoginApplicationsRequest{},
	"logins apps": &koogatev1.ListLoginApplicationsRequest{}, "logins sessions": &koogatev1.ListLoginSessionsRequest{},
	"quotas list": &koogatev1.ListInstancesRequest{}, "quotas package": &koogatev1.ListInstancesRequest{}, "usage retry": &koogatev1.ListInstancesRequest{},
}

// Names are what may stand at the end of a command line: the hundred things that its noun lists first. It is silent when nothing
// is found in time.
func Names(ctx context.Context, line string) []string {
	words := strings.Fields(line)
	if len(words) < 3 {
		return nil
	}
	request, ok := named[words[1]+" "+words[2]]
	if !ok {
		request, ok = named[words[1]]
	}
	if !ok || words[2] == "create" && words[1] != "keys" {
		return nil // what is made has a new name
	}
	o, err := chosen(words).Options(strings.NewReader(""))
	if err != nil {
		return nil
	}
	conn, err := client.Dial(o)
	if err != nil {
		return nil
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(ctx, completionTime)
	defer cancel()
	var names []string
	field := show.Columns[elements(rpcOf(request)).Message().FullName()][0].Path
	s := &service{conn, o.Addr, completionTime, nil}
	_, err = s.list(ctx, request, 100, func(m proto.Message) error {
		r := m.ProtoReflect()
		names = append(names, r.Get(r.Descriptor().Fields().ByName(protoreflect.Name(field))).String())
		return nil
	}, func() error { return nil })
	if err != nil {
		return nil
	}
	return names
}

// chosen reads the flags that name a service from a line that is not complete. A token on the standard input is not read.
func chosen(words []string) (c contexts.Choice) {
	flags := map[string]*string{"--context": &c.Context, "--address": &c.Address, "--token": &c.Token, "--token-file": &c.TokenFile}
	for i, word := range words {
		name, value, ok := strings.Cut(word, "=")
		if !ok && i+1 < len(words) {
			value = words[i+1]
		}
		if to := flags[name]; to != nil && value != "-" {
			*to = value
		}
	}
	return c
}
