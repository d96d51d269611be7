// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/koogate/koogate/koogallery/sign"
)

// captured is a signed call as somebody between saw it.
type captured struct{ path, body string }

func capture(t *testing.T, body string, at time.Time) captured {
	t.Helper()
	u, err := sign.SignURL("http://x/produce/main", testKey, strings.ReplaceAll(uuid.NewString(), "-", ""), at, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return captured{strings.TrimPrefix(u, "http://x"), body}
}

// send makes a captured call.
func (p *process) send(c captured) answer {
	p.site.t.Helper()
	r, err := http.NewRequest(http.MethodPost, "http://"+p.facade+c.path, strings.NewReader(c.body))
	if err != nil {
		p.site.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	res, err := wire.Do(r)
	if err != nil {
		p.site.t.Fatal(err)
	}
	defer res.Body.Close()
	var a answer
	text, err := io.ReadAll(res.Body)
	if err != nil || json.Unmarshal(text, &a) != nil {
		p.site.t.Fatalf("%v: %s", err, text)
	}
	return a
}

// A call that was captured is refused after a restart as before it: after a stop in order because what was seen is kept beside
// the database, and after a kill because what is older than the process is refused. What the marketplace signs anew is taken.
func TestReplayAfterARestart(t *testing.T) {
	s := newSite(t, "sqlite")
	s.migrate()
	p := s.process(false)
	p.start()
	seen := capture(t, newInstanceBody("CSREPLAY"), time.Now())
	if a := p.send(seen); a.ResultCode != "000004" {
		t.Fatalf("got %+v", a)
	}
	waiting := capture(t, newInstanceBody("CSWAITING"), time.Now()) // signed before the stop, and sent after it
	p.stop()
	if info, err := os.Stat(strings.TrimPrefix(s.database, "sqlite:") + ".seen"); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info, err)
	}
	p.start()
	if a := p.send(seen); a.ResultCode != "000001" {
		t.Errorf("a replay after a stop: %+v", a)
	}
	if a := p.send(waiting); a.ResultCode != "000004" {
		t.Errorf("a call that was signed before the stop: %+v", a)
	}
	p.kill()
	p.start()
	for name, c := range map[string]captured{"seen": seen, "seen since": waiting} {
		if a := p.send(c); a.ResultCode != "000001" {
			t.Errorf("a replay after a kill, %s: %+v", name, a)
		}
	}
	if a := p.send(capture(t, newInstanceBody("CSREPLAY"), time.Now())); a.ResultCode != "000004" {
		t.Errorf("a call signed anew: %+v", a)
	}
	p.stop()
}
