// SPDX-License-Identifier: Apache-2.0

package listen

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/koogate/koogate/server/outbound"
)

// Target is an address of the developer's program.
type Target struct {
	URL   string
	guard *outbound.Guard
	hard  context.Context // ends the calls in hand when the command has to end
}

// loopback is this machine.
var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

// anywhere are all addresses.
var anywhere = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}

// self resolves every name to this machine: only its own names get so far.
type self struct{}

// LookupNetIP implements outbound.Resolver.
func (self) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}, nil
}

// NewTarget checks an address. Beyond this machine it is refused unless remote: events hold order data. Calls in hand end when hard does.
func NewTarget(hard context.Context, address string, remote bool) (*Target, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("%q is not a URL, such as http://localhost:3000/hook", address)
	}
	t := &Target{URL: address, hard: hard}
	if remote {
		t.guard = outbound.New(anywhere, nil, nil)
	} else {
		t.guard = outbound.New(loopback, nil, self{})
	}
	if err := t.guard.Check(u); err != nil && !errors.Is(err, outbound.ErrForbidden) {
		return nil, fmt.Errorf("%q %w; it is a URL such as http://localhost:3000/hook", address, err)
	}
	if !remote && !own(u.Hostname()) {
		return nil, fmt.Errorf("%s is not this machine, and events hold data of orders: forward to localhost, or say --allow-remote", u.Hostname())
	}
	return t, nil
}

// own says whether a host is this machine by its name.
func own(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback() || host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// Do implements webhook.Caller and handover.Caller.
func (t *Target) Do(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(r.Context()) // also ended by the call's own context, which its caller ends
	stop := context.AfterFunc(t.hard, cancel)
	context.AfterFunc(ctx, func() { stop() })
	return t.guard.Do(r.WithContext(ctx))
}

// Close closes the connections that are not in use.
func (t *Target) Close() { t.guard.Close() }
