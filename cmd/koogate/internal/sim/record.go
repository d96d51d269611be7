// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	"github.com/koogate/koogate/cmd/koogate/internal/keyfile"
	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
	"github.com/koogate/koogate/koogallery/recorder"
	"github.com/koogate/koogate/koogallery/recorder/tape"
	"github.com/koogate/koogate/koogallery/seal"
	"github.com/koogate/koogate/server/clock"
)

// Record is koogate sim record.
type Record struct {
	File string `arg:"" type:"path" predictor:"file" help:"The recording. Calls are appended; a missing file is made, readable by its owner only."`
	To   string `required:"" help:"The seller's production address, to which every call is passed on." placeholder:"URL"`

	Listen  string `help:"Where the marketplace's calls come in." default:"127.0.0.1:8089" placeholder:"HOST:PORT"`
	NextKey string `help:"A second access key that the seller takes too, while keys are changed." env:"KOOGATE_SIM_NEXT_KEY" placeholder:"KEY"`
	Cipher  string `help:"The cipher of telephone numbers and mail addresses in V1 calls, chosen when the product was published: aes256 or aes128." enum:"aes256,aes128" default:"aes256"`
	keys
}

// keys are the flags of the seller's keys.
type keys struct {
	Key        string `help:"The address's access key. It is not kept in the shell's history with KOOGATE_SIM_KEY or --key-file." env:"KOOGATE_SIM_KEY" placeholder:"KEY" xor:"key"`
	KeyFile    string `help:"A file that holds the access key." type:"path" predictor:"file" placeholder:"FILE" xor:"key"`
	KitKey     string `help:"The Kit's key; without it the access key." env:"KOOGATE_SIM_KIT_KEY" placeholder:"KEY" xor:"kit-key"`
	KitKeyFile string `help:"A file that holds the Kit's key." type:"path" predictor:"file" placeholder:"FILE" xor:"kit-key"`
}

// read returns the keys.
func (k *keys) read() (key, kit string, err error) {
	if key, err = keyfile.Secret(k.Key, k.KeyFile); err != nil {
		return "", "", err
	}
	if key == "" {
		return "", "", errors.New("the address's access key is missing: set KOOGATE_SIM_KEY, or give --key-file or --key")
	}
	kit, err = keyfile.Secret(k.KitKey, k.KitKeyFile)
	return key, kit, err
}

// Help is shown by koogate sim record --help.
func (Record) Help() string {
	return `Sits between a marketplace and a seller's production address, whoever made them, and appends every call with its answer to a file, one
line of JSON each. Bytes are passed on as they are; only the header Host becomes the seller's. If the file cannot be written, calls
are passed on all the same, and what is missing is told and counted.

Signatures, tokens, nonces, access information, licences, secrets and everything personal are replaced before anything is written.
Equal values stay equal within one recording. Ids of orders and instances, dates, prices and result codes stay. The keys are needed to
know what is encrypted, and are not written down.

TLS ends in front of it: the marketplace's calls come by HTTPS to whatever ends TLS today, and that passes them here.

Exit codes: 0 stopped in order, and every call is in the file; 1 it could not be started, or calls are missing; 2 the command line is
wrong.

Examples:
  koogate sim record calls.jsonl --to http://127.0.0.1:8080/produce/demo --key koogate-demo-access-key --kit-key koogate-demo-kit-key
  KOOGATE_SIM_KEY=… koogate sim record calls.jsonl --to https://shop.example.com/produce --listen 127.0.0.1:9000`
}

// Run implements the command.
func (c *Record) Run(ctx context.Context, out *terminal.Console) (err error) {
	key, kit, err := c.read()
	if err != nil {
		return err
	}
	now := clock.System{}
	file, err := tape.Open(c.File, now.Now())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	cfg := recorder.Config{
		To: c.To, Keys: given(key, c.NextKey), KitKeys: given(kit), Out: file, Clock: now, Random: rand.Reader, Cipher: seal.AES256,
		Told: func(trouble string) {
			fmt.Fprintf(out.Err, "the recording: %s; calls are passed on all the same\n", trouble)
		},
	}
	if c.Cipher == "aes128" {
		cfg.Cipher = seal.AES128
	}
	r, err := recorder.New(cfg)
	if err != nil {
		return err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("%w; choose another --listen", err)
	}
	fmt.Fprintf(out.Err, "recording into %s; let the marketplace call %s instead of %s; Ctrl-C ends it\n", c.File, instead(c.To, l.Addr().String()), c.To)
	looked, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		for clock.Sleep(looked, now, time.Second) == nil {
			out.Status(counts(r.Counts()))
		}
	}()
	err = r.Serve(ctx, l)
	stop()
	out.Status("")
	n := r.Counts()
	fmt.Fprintf(out.Err, "%s: %s\n", c.File, counts(n))
	if err == nil && n.Lost > 0 {
		err = fmt.Errorf("%d calls were passed on but are not in the recording", n.Lost)
	}
	return err
}

// given leaves out what is not given.
func given(list ...string) (some []string) {
	for _, s := range list {
		if s != "" {
			some = append(some, s)
		}
	}
	return some
}

// instead is the address to be called instead of the seller's.
func instead(to, listen string) string {
	u, err := url.Parse(to)
	if err != nil {
		return "http://" + listen
	}
	u.Scheme, u.Host = "http", listen
	return u.String()
}

func counts(n recorder.Counts) string {
	text := fmt.Sprintf("%d calls recorded, %d lost", n.Recorded, n.Lost)
	if n.Withheld > 0 {
		text += fmt.Sprintf(", %d not whole, because they could not be read", n.Withheld)
	}
	if n.Passed > 0 {
		text += fmt.Sprintf(", %d to other addresses passed on", n.Passed)
	}
	return text
}
