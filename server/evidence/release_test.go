// SPDX-License-Identifier: Apache-2.0

package evidence_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/koogate/koogate/server/evidence"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/backendtest"
)

// House rule 14: what an earlier release wrote, before and while this one runs, is no fault: it is noted where it cannot be proved. From
// the next anchor on it is proved like everything else.
func TestWhatAnEarlierReleaseWroteIsNoted(t *testing.T) {
	backendtest.EachWithSQL(t, func(t *testing.T, st store.Store, exec func(string)) {
		r := newRig(t, st)
		older := r.core(nil)
		// earlier makes the last event of an order one of an earlier release: no claims, no signature.
		earlier := func(order string, seq int64) {
			e := r.event(order, seq)
			e.Claims = ""
			exec(fmt.Sprintf(`UPDATE events SET claims = '', signature = '', hash = '%s' WHERE order_id = '%s' AND seq = %d`, evidence.Hash(e), order, seq))
			exec(fmt.Sprintf(`UPDATE orders SET head_hash = '%s' WHERE order_id = '%s'`, evidence.Hash(e), order))
		}
		r.admit(older, "CS1")
		earlier("CS1", 1)
		r.anchor() // the first: what was there before cannot be signed any more
		if strings.Contains(r.log.String(), "level=ERROR") {
			t.Errorf("an alarm about what was there before: %s", r.log.String())
		}
		if report := r.verify(""); report.NoteCount != 1 || !strings.HasPrefix(report.Notes[0].What, "bore no signature when anchor 1 recorded it") {
			t.Errorf("notes %+v", report.Notes)
		}
		r.freeze(r.Service, "CS1", true) // this release goes on
		r.freeze(older, "CS1", false)    // and the earlier one beside it
		earlier("CS1", 3)
		r.verify("", "CS1/3/0 the head is not signed, and no anchor knows it")
		r.anchor()
		if !strings.Contains(r.log.String(), "level=ERROR") {
			t.Error("no alarm about a head without a signature")
		}
		report := r.verify("")
		var notes []string
		for _, n := range report.Notes {
			notes = append(notes, n.What)
		}
		if text := strings.Join(notes, "\n"); report.NoteCount != 3 || !strings.Contains(text, "an earlier release has written since (event 3)") {
			t.Errorf("notes %s", text)
		}
		r.freeze(r.Service, "CS1", true) // claims the instance again
		if report := r.verify(""); report.NoteCount != 2 {
			t.Errorf("notes %+v", report.Notes)
		}
		exec(`UPDATE instances SET trial = 1`)
		r.verify("", "CS1/4/0 instance/biz-CS1 was altered")
	})
}

// House rule 12: after a rotation the old signatures verify, and the private half of the old key is gone.
func TestSignaturesOutliveTheirKey(t *testing.T) {
	r := newRig(t, backendtest.SQLite(t))
	r.admit(r.Service, "CS1")
	r.anchor()
	old := r.keys
	text := must[[]byte](t)(evidence.Rotate(r.pem))
	r.keys = must[*evidence.Keys](t)(evidence.Parse(text))
	if n := bytes.Count(text, []byte("BEGIN PRIVATE KEY")); n != 1 || len(r.keys.Public()) != 2 || r.keys.Public()[1].ID != old.Public()[0].ID {
		t.Fatalf("%d private keys, public %v", n, r.keys.Public())
	}
	r.freeze(r.core(r.keys), "CS1", true)
	r.anchor()
	r.verify("")
	if es := []store.Event{r.event("CS1", 1), r.event("CS1", 2)}; es[0].Signature[:16] == es[1].Signature[:16] {
		t.Error("the new key does not sign")
	}
	r.keys = old
	r.verify("", "/0/2 the anchor's signature does not verify: the key is not known", "CS1/2/0 the signature does not verify: the key is not known")
}

// What is sealed beside an event may be sealed anew, or erased: the chain commits to a digest with a salt.
func TestSealedValuesMayBeErased(t *testing.T) {
	backendtest.EachWithSQL(t, func(t *testing.T, st store.Store, exec func(string)) {
		r := newRig(t, st)
		r.admit(r.Service, "CS1")
		r.freeze(r.Service, "CS1", true)
		r.anchor()
		e := r.event("CS1", 2)
		var data struct {
			Digest string `json:"extraDigest"`
		}
		if err := json.Unmarshal([]byte(e.Data), &data); err != nil || strings.Contains(e.Data, "canary") {
			t.Fatal(e.Data, err)
		}
		if plain, err := evidence.Unseal(r.sealer, e.Sealed, data.Digest, evidence.SealContext(&e)); err != nil || string(plain) != `{"note":"canary"}` {
			t.Errorf("%q %v", plain, err)
		}
		if same := must[evidence.Sealed](t)(evidence.Seal(r.sealer, []byte(`{"note":"canary"}`), "x")); same.Digest == data.Digest {
			t.Error("the same value has the same digest twice: it can be guessed")
		}
		exec(`UPDATE events SET sealed = NULL WHERE seq = 2`)
		r.verify("")
	})
}

// A stranger verifies an export with the public key alone.
func TestAStrangerVerifiesAnExport(t *testing.T) {
	r := newRig(t, backendtest.SQLite(t))
	for n := range 3 {
		r.admit(r.Service, fmt.Sprint("CS", n))
	}
	r.freeze(r.Service, "CS1", true)
	r.anchor()
	var public strings.Builder
	for _, k := range r.keys.Public() {
		public.WriteString(k.PEM())
	}
	stranger := &evidence.Verifier{Keys: must[*evidence.Keys](t)(evidence.Parse([]byte(public.String())))}
	if stranger.Keys.Signs() || stranger.Keys.SignEvent("x") != "" {
		t.Fatal("the stranger can sign")
	}
	export := func(order string) string {
		var b bytes.Buffer
		err := evidence.Export(t.Context(), &b, r.store, r.store, "demo")
		if order != "" {
			b.Reset()
			_, err = evidence.ExportOrder(t.Context(), &b, r.store, "demo", order)
		}
		if err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	check := func(name, text string, want ...string) {
		t.Helper()
		reports, err := stranger.ReadExport(strings.NewReader(text), "")
		if err != nil || len(reports) != 1 {
			t.Fatalf("%s: %v, %v", name, reports, err)
		}
		wantFaults(t, reports[0], want...)
	}
	all, one := export(""), export("CS1")
	if strings.Contains(all, "canary") || strings.Contains(one, "CS2") {
		t.Error("the export holds what it should not")
	}
	check("all", all)
	check("one order", one)
	replace := func(text, old, new string) string {
		t.Helper()
		if !strings.Contains(text, old) {
			t.Fatalf("%s is not in %s", old, text)
		}
		return strings.Replace(text, old, new, 1)
	}
	check("answer", replace(one, `"answer":"000004"`, `"answer":"000000"`), "CS1/1/0 line/CS1/1/p/newInstance was altered")
	check("fact", replace(one, `"frozen":true`, `"frozen":false`), "CS1/2/0 instance/biz-CS1 was altered")
	check("data", replace(one, `"kind":"instance.frozen"`, `"kind":"instance.released"`), "CS1/2/0 was altered")
	lines := strings.SplitAfter(all, "\n") // header, anchor, three orders
	check("order left out", lines[0]+lines[1]+lines[2]+lines[4], "CS1/0/1 the order is missing")
	check("anchor left out", lines[0]+strings.Join(lines[2:], ""), "/0/0 there is no anchor")
	for name, text := range map[string]string{"nothing": "", "not JSON": "x", "another form": `{"header":{"format":"koogate/evidence/9"}}`, "no header": lines[2]} {
		if _, err := stranger.ReadExport(strings.NewReader(text), ""); err == nil {
			t.Errorf("%s was taken for an export", name)
		}
	}
}

func TestKeyFiles(t *testing.T) {
	private := must[[]byte](t)(evidence.Generate())
	public := must[*evidence.Keys](t)(evidence.Parse(private)).Public()[0].PEM()
	path := filepath.Join(t.TempDir(), "key.pem")
	for _, c := range []struct {
		text string
		mode os.FileMode
		ok   bool
	}{
		{string(private), 0o600, true}, {string(private), 0o400, true}, {string(private), 0o640, false}, {string(private), 0o604, false},
		{public, 0o644, true}, {"", 0o600, false}, {"canary", 0o600, false}, {string(private) + string(private), 0o600, false},
		{strings.Replace(public, "PUBLIC", "OTHER", 2), 0o600, false},
	} {
		_ = os.Remove(path)
		if err := errors.Join(os.WriteFile(path, []byte(c.text), 0o600), os.Chmod(path, c.mode)); err != nil {
			t.Fatal(err)
		}
		keys, err := evidence.OpenFile(path)
		if (err == nil) != c.ok {
			t.Errorf("mode %o: %v", c.mode, err)
		}
		if err != nil && strings.Contains(err.Error(), "canary") {
			t.Error("the error quotes the file")
		}
		if shown := fmt.Sprintf("%v %+v %#v", keys, keys, keys); err == nil && shown != "signing keys signing keys signing keys" {
			t.Errorf("keys print as %s", shown)
		}
	}
	if _, err := evidence.OpenFile(path + ".none"); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}
