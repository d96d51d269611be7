// SPDX-License-Identifier: Apache-2.0

package contexts

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/koogate/koogate/client"
)

// Choice is the flags that name a service. Kong fills them.
type Choice struct {
	Context   string        `help:"Ask the service of this context (koogate contexts)." placeholder:"NAME" predictor:"context"`
	Address   string        `help:"Ask the service at this gRPC address instead (KOOGATE_ADDR)." placeholder:"HOST:PORT"`
	Token     string        `help:"Show this token (KOOGATE_TOKEN). Whoever lists processes (ps) sees it: prefer --token-file." placeholder:"TOKEN" xor:"token"`
	TokenFile string        `help:"Show the token in this file; - is the standard input." placeholder:"FILE" predictor:"file" xor:"token"`
	Timeout   time.Duration `help:"How long one answer may take." default:"30s"`
}

// Named says whether a flag names a service, whatever the environment says.
func (f Choice) Named() bool {
	return f.Context != "" || f.Address != "" || f.Token != "" || f.TokenFile != ""
}

// Wrong is a choice that names no service, or no such one.
type Wrong string

// Error implements error.
func (w Wrong) Error() string { return string(w) }

// ErrNone is that nobody has named a service.
const ErrNone = Wrong("no service is named: koogate login HOST:PORT, or --address HOST:PORT")

// Options finds the service: what flags say comes first, then the environment, then the current context. The token of a context goes
// to the address of that context only. in is read when the token comes from the standard input.
func (f Choice) Options(in io.Reader) (client.Options, error) {
	if f.Context != "" && f.Address != "" {
		return client.Options{}, Wrong("--context names an address: leave --address out")
	}
	env := client.FromEnv()
	o := env
	switch {
	case f.Address != "":
		o.Addr = f.Address
	case f.Context == "" && env.Addr != "":
	default:
		saved, err := Load()
		if err != nil {
			return client.Options{}, err
		}
		c, err := saved.find(f.Context)
		if err != nil {
			return client.Options{}, err
		}
		o = c.Options()
		if f.Context == "" && env.Token != "" {
			o.Token = env.Token
		}
	}
	token, err := f.token(in)
	if err != nil {
		return client.Options{}, err
	}
	if token != "" {
		o.Token = client.Secret(token)
	}
	if err := CheckToken(string(o.Token)); err != nil {
		return client.Options{}, err
	}
	return o, nil
}

// find returns the context of a name, the current one for an empty name.
func (f File) find(name string) (Context, error) {
	if name == "" && f.Current == "" {
		return Context{}, ErrNone
	}
	if name == "" {
		name = f.Current
	}
	c, ok := f.Contexts[name]
	if !ok {
		return Context{}, Wrong(fmt.Sprintf("there is no context %q: koogate contexts lists them, koogate login HOST:PORT --name %s makes it", name, name))
	}
	return c, nil
}

func (f Choice) token(in io.Reader) (string, error) {
	if f.TokenFile == "" {
		return f.Token, nil
	}
	return ReadToken(f.TokenFile, in)
}

// ReadToken reads the first line of a file, of the standard input for "-".
func ReadToken(path string, in io.Reader) (string, error) {
	var text []byte
	var err error
	name := path
	if path == "-" {
		name = "the standard input"
		text, err = io.ReadAll(io.LimitReader(in, 1<<16))
	} else {
		text, err = os.ReadFile(path)
	}
	if err != nil {
		return "", err
	}
	line, _, _ := strings.Cut(string(text), "\n")
	if line = strings.TrimSpace(line); line == "" {
		return "", fmt.Errorf("%s holds no token", name)
	}
	return line, nil
}

// CheckToken refuses what no token can be, before it is sent.
func CheckToken(token string) error {
	if strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return Wrong("the token has blanks or characters that no token has: is the right file named?")
	}
	return nil
}
