// SPDX-License-Identifier: Apache-2.0

package dev

import (
	"fmt"

	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
	"github.com/koogate/koogate/koogallery/authcentre/world"
	calls "github.com/koogate/koogate/koogallery/simulator/wire"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/config"
)

// workerCommand starts the example worker on a queue of the demo.
func (c *Command) workerCommand(token, queue string) string {
	return fmt.Sprintf("KOOGATE_ADDR=%s KOOGATE_TOKEN=%s KOOGATE_QUEUE=%s go run ./docs/examples/worker", c.GRPC, token, queue)
}

// await says how to start what the user named: a worker for a queue, or a page.
func (c *Command) await(out *terminal.Console) {
	if c.Webhook != "" {
		fmt.Fprintf(out.Err, `
The first order is posted to %[1]s, again with growing pauses until it is taken, up to an hour. Calls are signed
with the secret %[2]s. The example page starts so:

  KOOGATE_WEBHOOK_SECRET=%[2]s php -S 127.0.0.1:9001 docs/examples/php/hook.php

`, c.Webhook, config.DemoWebhookSecret)
		return
	}
	fmt.Fprintf(out.Err, `
The first order waits for your worker on the queue %[1]s, up to an hour. It leases with the token %[2]s, by gRPC at
%[3]s or by REST at http://%[4]s. The example worker starts so:

  %[5]s

docs/quickstart.md has others, in Python, Node.js, Java and PHP.

`, c.Queue, demoToken, c.GRPC, c.API, c.workerCommand(demoToken, c.Queue))
}

// next says what to open.
func (c *Command) next(out *terminal.Console, m *markets, usage *usageDemo, l *logins, found jaeger) error {
	now := clock.System{}.Now()
	base := "http://" + c.Facade + "/produce/demo"
	curl, err := calls.CurlExample(base, demoKey, now)
	if err != nil {
		return err
	}
	tenant, u := l.person()
	fmt.Fprintf(out.Out, `
Running until Ctrl-C. What to open next:

  seller centre (orders, calls, 重新启动)   http://%[1]s/
  orders, instances, tasks as JSON          curl -H 'Authorization: Bearer %[2]s' http://%[3]s/v1/orders
  failed orders and test calls              http://dev:%[2]s@%[3]s/console/standing
  the API's description                     http://%[3]s/docs/  http://%[3]s/openapi.yaml
  log in to the demo app                    %[6]s/ as %[7]s, password %[8]s
                                            by CAS: %[9]s/   from the workbench: %[10]s
  the authentication centre                 %[11]s/
  health and metrics                        http://%[4]s/readyz  http://%[4]s/metrics
  gRPC (reflection on)                      %[5]s
`, c.Sim, demoToken, c.API, c.Ops, c.GRPC, l.address(world.OAuth), u.UserName, u.Password, l.address(world.CAS), l.workbench(tenant.TenantID), l.centre.PortalURL())
	switch {
	case found.url == "":
		fmt.Fprintf(out.Out, "  traces                                    none: start Jaeger with `make jaeger`, then run this again\n")
	case found.pages:
		fmt.Fprintf(out.Out, "  traces                                    %s/search?service=koogate\n", found.url)
	default:
		fmt.Fprint(out.Out, "  traces                                    on the orders' pages above: this Jaeger has no pages of its own\n")
	}
	switch {
	case c.Webhook != "":
		fmt.Fprintf(out.Out, "  provisioning                              your page %s, secret %s\n", c.Webhook, config.DemoWebhookSecret)
	case c.Queue == "":
		fmt.Fprint(out.Out, "  provisioning                              the built-in template; --queue NAME hands it to your worker, --webhook URL to your page\n")
	default:
		fmt.Fprintf(out.Out, "  provisioning                              your worker, queue %s, token %s\n", c.Queue, demoToken)
	}
	fmt.Fprintf(out.Out, `
The seller demo-worker has another seller centre, whose orders a worker provides. It leases from the queue %[1]s with the token
%[2]s; none runs now:

  seller centre                             %[3]s/
  its orders                                curl -H 'Authorization: Bearer %[2]s' http://%[4]s/v1/orders
  a worker for them                         %[5]s

The seller demo-usage has a server and a seller centre of its own, on a clock that has jumped to %[6]s:

  seller centre (usage, bills)              %[7]s/
  windows and records for the bill          curl -H 'Authorization: Bearer %[8]s' %[9]s/v1/usage/windows
                                            curl -H 'Authorization: Bearer %[8]s' %[9]s/v1/usage/records
`, drillQueue, drillToken, m.drillURL, c.API, c.workerCommand(drillToken, drillQueue),
		usage.clock.Now().UTC().Format("2006-01-02 15:04 UTC"), usage.pages(), demoToken, usage.api)
	fmt.Fprintf(out.Out, "\nDrive the facade by hand (good for 60 seconds):\n\n%s\n", curl)
	return nil
}
