// SPDX-License-Identifier: Apache-2.0

package workertest

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/koogate/koogate/server/outbound"
)

// Command is koogate worker-test.
type Command struct {
	Worker []string `arg:"" optional:"" passthrough:"" name:"command" help:"The command that starts your worker, with its arguments. It is killed and started again."`

	Webhook   string        `help:"Test a webhook instead: the address at which your program takes tasks, signed by KOOGATE_WEBHOOK_SECRET." placeholder:"URL"`
	Secret    string        `help:"With --webhook: the secret that tasks are signed by (whsec_…); without it, one that is made up." env:"KOOGATE_WORKER_TEST_SECRET" placeholder:"SECRET"`
	Limit     time.Duration `help:"With --webhook: how long an answer may take, as webhook.timeout of its provisioner says." default:"10s"`
	Queue     string        `help:"The queue that the worker leases from (KOOGATE_QUEUE)." default:"worker-test" placeholder:"NAME"`
	Token     string        `help:"The token that the worker shows (KOOGATE_TOKEN); without it, one that is made up." env:"KOOGATE_WORKER_TEST_TOKEN" placeholder:"TOKEN"`
	GRPC      string        `help:"Where the worker finds Koogate by gRPC (KOOGATE_ADDR)." default:"127.0.0.1:0" name:"grpc" placeholder:"HOST:PORT"`
	API       string        `help:"Where it finds Koogate by REST (KOOGATE_URL)." default:"127.0.0.1:0" name:"api" placeholder:"HOST:PORT"`
	Resources string        `help:"What lists the resources that exist in your system, as JSON: a command of the shell, or a URL." placeholder:"CMD|URL"`
	Product   string        `help:"The product ID that is bought; without it, a made-up one." placeholder:"ID"`
	SKU       string        `help:"The SKU that is bought; without it, a made-up one." name:"sku" placeholder:"CODE"`
	Refused   string        `help:"A product ID whose purchase the worker fails for good." name:"refused-product" default:"OFFI000000000000000404" placeholder:"ID"`
	Patience  time.Duration `help:"How long a task may take." default:"20s"`
	Seed      uint64        `help:"What the moments of crashes follow from." default:"1"`

	Format   string `help:"How the report is written: table, json or junit." enum:"table,json,junit" default:"table"`
	Output   string `help:"Write the report into this file." short:"o" type:"path" predictor:"file" placeholder:"FILE"`
	Language string `help:"The report's language: zh or en." enum:"zh,en" default:"${language}"`
	List     bool   `help:"List the rules instead."`
	Verbose  bool   `help:"Show what the worker prints." short:"v"`
}

// Help is shown by koogate worker-test --help.
func (Command) Help() string {
	return `Starts a Koogate of its own with a simulated marketplace behind it, runs your worker against it, takes its leases away, kills it
(kill -9) and loses its answers, and says whether it makes one resource for each purchase and always resumes, with the remedy for
every rule that is broken. The worker may use gRPC or REST. It finds Koogate by KOOGATE_ADDR, KOOGATE_URL, KOOGATE_TOKEN and
KOOGATE_QUEUE. Use a staging system: purchases are made up and their resources stay.

--resources lists what exists in your system, whoever made it, as a JSON array:
  [{"instanceId": "…", "resourceId": "…", "expiresAt": "2027-01-31T00:00:00Z"}]
where expiresAt may be missing. Without it doubles, leaks and lost renewals cannot be seen, and the report says so.

With --webhook your program is the webhook of a provisioner: it is called as Koogate calls it in production, some answers are lost, and calls
come again. What it answers 202 it completes by KOOGATE_URL and KOOGATE_TOKEN.

Without a command your worker runs already, at the addresses of --grpc and --api and with --token; then nothing is killed.

Exit codes: 0 everything that could be found out holds; 1 something is broken; 2 it cannot be found out: the command line is wrong,
the worker does not run, no worker comes, or the hook does not answer.

Examples:
  koogate worker-test -- go run ./docs/examples/worker
  koogate worker-test --resources 'curl -s http://127.0.0.1:7000/resources' -- ./crm-worker --config staging.yaml
  koogate worker-test --product OFFI123 --sku basic --resources ./list.sh --format junit --output worker.xml -- ./crm-worker
  koogate worker-test --grpc 127.0.0.1:9090 --token my-token --queue crm
  koogate worker-test --webhook http://localhost:3000/hook --resources ./list.sh -- node server.js
  koogate worker-test --list`
}

var queueName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

// Validate is called by kong.
func (c *Command) Validate() error {
	if len(c.Worker) > 0 && c.Worker[0] == "--" {
		c.Worker = c.Worker[1:]
	}
	switch {
	case !queueName.MatchString(c.Queue) || strings.HasPrefix(c.Queue, "koogate-"):
		return errors.New("--queue: a name has 1 to 63 of the characters a-z, 0-9 and -, begins with none of the last and not with koogate-")
	case c.Patience <= 0:
		return errors.New("--patience: how long is more than nothing")
	case strings.ContainsAny(c.Token, " \t\r\n"):
		return errors.New("--token: a token has no blanks")
	case c.Webhook != "" && !usable(c.Webhook):
		return errors.New("--webhook: write http://HOST:PORT/PATH or https://…")
	case c.Webhook == "" && c.Secret != "" && os.Getenv("KOOGATE_WORKER_TEST_SECRET") == "":
		return errors.New("--secret goes with --webhook")
	case c.Limit < time.Second || c.Limit > 30*time.Second:
		return errors.New("--limit is 1s to 30s, as webhook.timeout")
	case c.Webhook != "" && len(c.Worker) == 0 && !c.List && c.Secret == "":
		return errors.New("which program? For example: koogate worker-test --webhook http://localhost:3000/hook -- node server.js; for one that runs already give --secret")
	case c.Webhook == "" && len(c.Worker) == 0 && !c.List && (c.Token == "" || strings.HasSuffix(c.GRPC, ":0") && strings.HasSuffix(c.API, ":0")):
		return fmt.Errorf("which worker? For example: koogate worker-test -- ./my-worker; for one that runs already give --token and --grpc or --api")
	}
	if c.Token == "" {
		c.Token = rand.Text()
	}
	if c.Webhook == "" {
		return nil
	}
	if c.Secret == "" {
		c.Secret = outbound.NewSecret()
	}
	if _, err := outbound.Key(c.Secret); err != nil {
		return errors.New("--secret: a secret is whsec_ and 24 to 64 bytes in base64; koogate keys new --webhook FILE makes one")
	}
	return nil
}

// usable says whether a program can be called there.
func usable(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil
}
