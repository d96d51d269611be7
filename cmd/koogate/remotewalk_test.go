// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/koogate/koogate/cmd/koogate/internal/remote"
	"github.com/koogate/koogate/cmd/koogate/internal/remote/contexts"
	"github.com/koogate/koogate/cmd/koogate/internal/remote/show"
	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
)

// noCommand are the rpcs that the command line does not have, because …
var noCommand = map[string]string{
	"koogate.v1.UsageService.StreamUsage": "koogate usage report sends batches, each of which is answered",
}

// asking is a command that asks the internal API.
type asking struct {
	node *kong.Node
	rpcs []protoreflect.FullName
}

// remoteCommands are the commands that ask the internal API.
func remoteCommands(t *testing.T) (found []asking) {
	t.Helper()
	parser, err := newParser(t.Context(), terminal.New(&buffer{}, &buffer{}))
	if err != nil {
		t.Fatal(err)
	}
	for _, node := range parser.Model.Leaves(false) {
		if a, ok := node.Target.Addr().Interface().(interface {
			Asks() []protoreflect.FullName
		}); ok {
			found = append(found, asking{node, a.Asks()})
		}
	}
	if len(found) < 60 {
		t.Fatalf("only %d commands", len(found))
	}
	return found
}

// A new rpc fails this test until it has a command, or a reason to have none.
func TestEveryRPCHasACommand(t *testing.T) {
	by := map[string]string{}
	for _, c := range remoteCommands(t) {
		for _, rpc := range c.rpcs {
			by[string(rpc)] = c.node.FullPath()
		}
	}
	for _, m := range remote.RPCs() {
		name := string(m.FullName())
		switch why := noCommand[name]; {
		case by[name] == "" && why == "":
			t.Errorf("%s has no command", name)
		case by[name] != "" && why != "":
			t.Errorf("%s has no command, because %s; but %q asks it", name, why, by[name])
		}
		delete(by, name)
	}
	for name, command := range by {
		t.Errorf("%q asks %s, which is not there", command, name)
	}
}

// notFlags are fields of requests that no flag fills in, because …
var notFlags = map[string]string{
	"page_size": "a list asks page by page", "page_token": "a list asks page by page",
	"koogate.v1.UpdateEndpointRequest.settings": "-f and --set", "koogate.v1.UpdateProductRequest.settings": "-f and --set",
	"koogate.v1.UpdateProvisionerRequest.settings": "-f and --set", "koogate.v1.UpdateInstanceAccessRequest.access": "-f and --set",
	"koogate.v1.UpdateWebhookRequest.webhook": "-f and --set", "update_mask": "it follows from -f and --set",
	"koogate.v1.CreateEndpointRequest.settings": "-f and --set", "koogate.v1.CreateEndpointRequest.products": "-f", "koogate.v1.CreateEndpointRequest.keys": "-f",
	"koogate.v1.CreateProductRequest.settings": "-f and --set", "koogate.v1.CreateProvisionerRequest.settings": "-f and --set",
	"koogate.v1.CreateWebhookRequest.webhook": "-f and --set", "koogate.v1.CreateSellerRequest.settings": "-f and --set", "koogate.v1.UpdateSellerRequest.settings": "-f and --set",
	"koogate.v1.CreateLoginApplicationRequest.login_application": "-f and --set", "koogate.v1.UpdateLoginApplicationRequest.login_application": "-f and --set",
	"koogate.v1.ReportUsageRequest.records":   "the file",
	"koogate.v1.ImportInstancesRequest.rows":  "the file",
	"koogate.v1.WatchEventsRequest.heartbeat": "the service's own is right for a tail",
	"koogate.v1.LeaseTasksRequest.worker_id":  "it names the machine", "koogate.v1.LeaseTasksRequest.max_tasks": "as many as a webhook gets", "koogate.v1.LeaseTasksRequest.wait": "as long as nothing is there",
	"koogate.v1.HeartbeatTaskRequest.task_id": "what was leased", "koogate.v1.HeartbeatTaskRequest.fencing_token": "what was leased",
	"koogate.v1.CompleteTaskRequest.task_id": "what was leased", "koogate.v1.CompleteTaskRequest.fencing_token": "what was leased",
	"koogate.v1.FailTaskRequest.task_id": "what was leased", "koogate.v1.FailTaskRequest.fencing_token": "what was leased",
	"koogate.v1.CompleteTaskRequest.access_info": "the program's answer", "koogate.v1.CompleteTaskRequest.change_verdict": "the program's answer",
	"koogate.v1.CompleteTaskRequest.instance": "the program's answer",
	"koogate.v1.CompleteTaskRequest.licence":  "the program's answer", "koogate.v1.FailTaskRequest.permanent": "the program's answer",
	"koogate.v1.FailTaskRequest.code": "the program's answer", "koogate.v1.FailTaskRequest.message": "the program's answer",
	"koogate.v1.FailTaskRequest.retry_after": "the program's answer", "koogate.v1.FailTaskRequest.customer_message": "the program's answer",
}

// byHand are fields that a command's own code fills in, by the flag.
var byHand = map[string]string{
	"koogate.v1.RetryTaskRequest.task_id": "id", "koogate.v1.ResendSinceRequest.since_time": "since",
	"koogate.v1.WatchEventsRequest.resume_token": "resume-file", "koogate.v1.WatchEventsRequest.from_beginning": "from-beginning",
	"koogate.v1.RetireKeyRequest.key_id": "id", "koogate.v1.GetKeyStatusRequest.endpoint": "endpoint",
	"koogate.v1.UpdateEndpointRequest.etag": "etag", "koogate.v1.UpdateSellerRequest.etag": "etag", "koogate.v1.UpdateProductRequest.etag": "etag", "koogate.v1.UpdateProvisionerRequest.etag": "etag",
	"koogate.v1.UpdateInstanceAccessRequest.etag": "etag", "koogate.v1.UpdateWebhookRequest.etag": "etag",
	"koogate.v1.UpdateLoginApplicationRequest.etag": "etag", "koogate.v1.EndLoginSessionsRequest.filter": "filter",
}

// A new field of a request fails this test until a flag fills it in, or there is a reason that none does. A secret is filled in from a file.
func TestEveryFieldOfARequestHasAFlag(t *testing.T) {
	requests := map[protoreflect.FullName]protoreflect.MethodDescriptor{}
	for _, m := range remote.RPCs() {
		requests[m.FullName()] = m
	}
	used := map[string]bool{}
	for _, c := range remoteCommands(t) {
		flags := map[string]*kong.Value{}
		names := map[string]bool{}
		for _, f := range c.node.Flags {
			names[f.Name] = true
			if path := f.Tag.Get("api"); path != "" {
				flags[path] = f.Value
			}
		}
		for _, p := range c.node.Positional {
			names[p.Name] = true
			if path := p.Tag.Get("api"); path != "" {
				flags[path] = p
			}
		}
		filled := map[string]bool{}
		for _, rpc := range c.rpcs {
			if byCommand(c, rpc) {
				continue
			}
			fields := requests[rpc].Input().Fields()
			for i := range fields.Len() {
				field := fields.Get(i)
				full := string(field.FullName())
				number := strconv.Itoa(int(field.Number()))
				flag := flags[string(field.Name())]
				if flag == nil {
					flag = flags[number]
				}
				if flag != nil {
					filled[string(field.Name())], filled[number] = true, true
					options, _ := field.Options().(*descriptorpb.FieldOptions)
					file := strings.HasSuffix(flag.Target.Type().Name(), "secretFile")
					if personal := full == "koogate.v1.ReportLicenceUseRequest.client_id"; options.GetDebugRedact() != (file || personal) { // which is no secret
						t.Errorf("%s: %s is secret: %v, and from a file: %v", c.node.FullPath(), full, options.GetDebugRedact(), file)
					}
					continue
				}
				if hand, ok := byHand[full]; ok {
					used[full] = true
					if !names[hand] {
						t.Errorf("%s has no %s for %s", c.node.FullPath(), hand, full)
					}
					continue
				}
				if notFlags[full] == "" && notFlags[string(field.Name())] == "" {
					t.Errorf("%s fills %s in by no flag", c.node.FullPath(), full)
				}
				used[full], used[string(field.Name())] = true, true
			}
		}
		for path := range flags {
			if !filled[path] {
				t.Errorf("%s has a flag for %s, which is no field of %v", c.node.FullPath(), path, c.rpcs)
			}
		}
	}
	for _, list := range []map[string]string{notFlags, byHand} {
		for name := range list {
			if !used[name] {
				t.Errorf("the exception for %s is not needed", name)
			}
		}
	}
}

// byCommand says whether a command asks an rpc only to learn what it needs for another.
func byCommand(c asking, rpc protoreflect.FullName) bool {
	return len(c.rpcs) == 2 && c.rpcs[1] == rpc && strings.Contains(string(rpc.Name()), "Get") || len(c.rpcs) > 1 && rpc.Name() == "ListEndpoints"
}

// Every message that a command lists has columns, and every column is a field of its message.
func TestEveryListHasColumns(t *testing.T) {
	lists := 0
	for _, m := range remote.RPCs() {
		fields := m.Output().Fields()
		for i := range fields.Len() {
			if f := fields.Get(i); noCommand[string(m.FullName())] == "" && f.IsList() && f.Message() != nil && f.Message().Name() != "KeyStatus" { // whose table is that of --config
				lists++
				if len(show.Columns[f.Message().FullName()]) < 2 {
					t.Errorf("%s lists %s, which has no columns", m.Name(), f.Message().FullName())
				}
			}
		}
	}
	if lists < 25 {
		t.Errorf("%d lists", lists)
	}
	messages := map[protoreflect.FullName]protoreflect.MessageDescriptor{}
	for _, m := range remote.RPCs() {
		for i := range m.ParentFile().Messages().Len() {
			messages[m.ParentFile().Messages().Get(i).FullName()] = m.ParentFile().Messages().Get(i)
		}
	}
	for name, columns := range show.Columns {
		heads := map[string]bool{}
		for _, c := range columns {
			at := messages[name]
			parts := strings.Split(c.Path, ".")
			for i, part := range parts {
				field := protoreflect.FieldDescriptor(nil)
				if at != nil {
					field = at.Fields().ByName(protoreflect.Name(part))
				}
				if field == nil || i < len(parts)-1 && (field.Message() == nil || field.IsMap()) {
					t.Errorf("%s: column %s: there is no %s", name, c.Head, c.Path)
					break
				}
				at = field.Message()
			}
			if heads[c.Head] || c.Head != strings.ToUpper(c.Head) {
				t.Errorf("%s: column %s", name, c.Head)
			}
			heads[c.Head] = true
		}
		if columns[0].Wide {
			t.Errorf("%s: the first column is shown always", name)
		}
	}
}

// The help of a list names the fields that its filter takes, as the contract does.
func TestHelpNamesTheFieldsOfFilters(t *testing.T) {
	files, err := filepath.Glob("../../proto/koogate/v1/*.proto")
	if err != nil {
		t.Fatal(err)
	}
	comment := regexp.MustCompile(`(?s)\nmessage (List\w+Request) \{(.*?)\n\}`)
	terms := regexp.MustCompile("(?s)// Filter is (?:`field = \"value\"` terms joined by AND over ([a-z_, \n/]*?)|(?:empty or )?`([a-z_]+) = \"value\"`)\\.")
	filters := map[string][]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range comment.FindAllStringSubmatch(string(text), -1) {
			if f := terms.FindStringSubmatch(m[2]); f != nil {
				filters[m[1]] = regexp.MustCompile(`[a-z_]{3,}`).FindAllString(strings.ReplaceAll(f[1]+f[2], " and ", " "), -1)
			}
		}
	}
	checked := 0
	for _, c := range remoteCommands(t) {
		if !slices.ContainsFunc(c.node.Flags, func(f *kong.Flag) bool { return f.Name == "filter" }) || !strings.HasPrefix(string(c.rpcs[0].Name()), "List") || len(c.rpcs) > 1 {
			continue
		}
		want := filters[string(c.rpcs[0].Name())+"Request"]
		if len(want) == 0 {
			t.Errorf("the fields of %s are not found", c.rpcs[0])
			continue
		}
		checked++
		text := c.node.Help
		for _, f := range c.node.Flags {
			if f.Name == "filter" {
				text += f.Help
			}
		}
		last := want[len(want)-1]
		if said := strings.Join(want[:len(want)-1], ", ") + " and " + last; !strings.Contains(text, strings.TrimPrefix(said, " and ")) {
			t.Errorf("%s: %q does not name %s", c.node.FullPath(), text, said)
		}
	}
	if checked < 20 {
		t.Errorf("%d lists", checked)
	}
}

// Every command that asks a service can be told which, and has its forms of output.
func TestEveryRemoteCommandTakesAService(t *testing.T) {
	for _, c := range remoteCommands(t) {
		var names []string
		for _, f := range c.node.Flags {
			names = append(names, f.Name)
		}
		for _, want := range []string{"context", "address", "token", "token-file", "timeout", "output"} {
			if want == "output" && c.rpcs[0].Name() == "ExportOrderEvidence" { // which is a file
				continue
			}
			if !slices.Contains(names, want) {
				t.Errorf("%s has no --%s", c.node.FullPath(), want)
			}
		}
	}
	if n := reflect.TypeFor[contexts.Choice]().NumField(); n != 5 {
		t.Errorf("%d flags name a service", n)
	}
}
