// SPDX-License-Identifier: Apache-2.0

package check

import (
	"fmt"
	"time"

	"github.com/koogate/koogate/koogallery/checker"
	"github.com/koogate/koogate/koogallery/judge"
)

// Command is koogate check.
type Command struct {
	URL string `arg:"" optional:"" name:"url" help:"The seller's production address, as it stands in the seller centre."`

	Key        string `help:"The address's access key. It is not kept in the shell's history with KOOGATE_CHECK_KEY or --key-file." env:"KOOGATE_CHECK_KEY" placeholder:"KEY" xor:"key"`
	KeyFile    string `help:"A file that holds the access key." type:"path" predictor:"file" placeholder:"FILE" xor:"key"`
	KitKey     string `help:"The Kit's key; without it the access key." env:"KOOGATE_CHECK_KIT_KEY" placeholder:"KEY" xor:"kit-key"`
	KitKeyFile string `help:"A file that holds the Kit's key." type:"path" predictor:"file" placeholder:"FILE" xor:"kit-key"`
	NextKey    string `help:"A second access key that the seller takes too, to find out whether keys can be changed." env:"KOOGATE_CHECK_NEXT_KEY" placeholder:"KEY"`
	Code       string `help:"An authorisation code (License 2.0) that the seller knows." env:"KOOGATE_CHECK_CODE" placeholder:"CODE"`

	Family []string `help:"A protocol family to check; may be repeated. Without it, those that the address answers." placeholder:"FAMILY"`
	Only   []string `help:"A rule to check; may be repeated. Without it, all of them." placeholder:"RULE"`
	Deep   bool     `help:"Make production calls, many at once, out of order and repeated: for staging only."`
	Yes    bool     `help:"Do not ask before --deep calls an address that is not on loopback."`
	Orders string   `help:"What debugging calls are about: mock, the debugger's mock orders, or made-up, orders that nobody knows." enum:"mock,made-up" default:"mock"`
	Seed   uint64   `help:"What everything made up follows from: the same seed makes the same calls." default:"1"`

	Patience  time.Duration `help:"How long a new instance may take until it is shown." default:"1m"`
	HookKill  string        `help:"A command that ends the seller's server as a crash does, starts it again and returns when it answers." placeholder:"CMD"`
	HookState string        `help:"A command that prints the instances that the seller holds, as JSON." placeholder:"CMD"`
	HookStore string        `help:"A command that makes the seller's database fail when its last argument is down, and work again when it is up." placeholder:"CMD"`
	Market    string        `help:"Serve the marketplace's open APIs here, for a staging seller's order queries: any order is answered." placeholder:"HOST:PORT"`
	AK        string        `help:"With --market: the access key of the seller's account (AK)." env:"KOOGATE_CHECK_AK" placeholder:"AK" name:"ak"`
	SK        string        `help:"With --market: its secret key (SK)." env:"KOOGATE_CHECK_SK" placeholder:"SK" name:"sk"`

	Format   string `help:"How the report is written: table, json, junit or html." enum:"table,json,junit,html" default:"table"`
	Output   string `help:"Write the report into this file." short:"o" type:"path" predictor:"file" placeholder:"FILE"`
	Language string `help:"The report's language: zh or en." enum:"zh,en" default:"${language}"`

	Explain string `help:"Explain a rule instead of checking: what it costs, its remedy, its sources, the marketplace's patience." placeholder:"RULE"`
	List    bool   `help:"List the rules instead of checking."`
}

// Help is shown by koogate check --help.
func (Command) Help() string {
	return `Calls a seller's production address as the marketplace does, and as it never would, and gives a verdict for every rule of the
marketplace's documents, with what a fault costs, its remedy and its source. The seller need not be Koogate.

By default every call is a debugging call (testFlag=1), which is safe on a live address. --deep makes production calls: repeated,
at once, late and out of order. It leaves instances behind and is for staging only.

--hook-kill, --hook-state and --hook-store are commands of the shell on this machine. The second prints a JSON array:
  [{"instanceId": "…", "orderId": "…", "orderLineId": "…", "state": "ACTIVE|FROZEN|RELEASED",
    "expiresAt": "2026-01-31T00:00:00Z", "test": false}]
where expiresAt may be missing and test marks what debugging calls have made. The third is called with "down" and then with "up".

Keys and the like are replaced by *** in every form of the report. The members of --format json are described in
koogallery/checker/README.md. Ctrl-C writes the report of what was found so far.

Exit codes: 0 everything that could be found out holds; 1 something is broken; 2 it cannot be checked: the command line is wrong,
nothing answers, nothing could be found out, or it was stopped before anything was found broken.

Examples:
  KOOGATE_CHECK_KEY=… koogate check https://shop.example.com/produce
  koogate check http://127.0.0.1:8080/produce/demo --key koogate-demo-access-key --kit-key koogate-demo-kit-key
  koogate check https://staging.example.com/produce --key-file key.txt --deep --yes --format html --output report.html
  koogate check http://127.0.0.1:9000/ --key-file key.txt --family saas_v2 --only same-instance-again --seed 7
  koogate check --explain same-instance-again
  koogate check --list`
}

// Validate is called by kong.
func (c *Command) Validate() error {
	for _, f := range c.Family {
		if _, err := judge.ParseFamily(f); err != nil {
			return fmt.Errorf("--family: %w", err)
		}
	}
	for _, id := range c.Only {
		if _, ok := checker.Find(id); !ok {
			return fmt.Errorf("--only: there is no rule %q; koogate check --list shows them", id)
		}
	}
	if c.Explain != "" {
		if _, ok := checker.Find(c.Explain); !ok {
			return fmt.Errorf("--explain: there is no rule %q; koogate check --list shows them", c.Explain)
		}
	}
	switch {
	case c.Explain != "" || c.List:
		return nil
	case c.URL == "":
		return fmt.Errorf("which address? For example: koogate check https://shop.example.com/produce")
	case c.Patience <= 0:
		return fmt.Errorf("--patience: how long is more than nothing")
	case c.Market != "" && (c.AK == "" || c.SK == ""):
		return fmt.Errorf("--market: the open APIs are called with --ak and --sk, those that the staging seller has")
	}
	return nil
}
