// SPDX-License-Identifier: Apache-2.0

package evidence_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/server/evidence"
	"github.com/koogate/koogate/store/backendtest"
)

// packed is a file of a pack, as a test takes it apart and puts it together.
type packed struct{ name, text string }

func unpack(t *testing.T, pack []byte) (files []packed) {
	t.Helper()
	z := must[*zip.Reader](t)(zip.NewReader(bytes.NewReader(pack), int64(len(pack))))
	for _, f := range z.File {
		r := must[io.ReadCloser](t)(f.Open())
		files = append(files, packed{f.Name, string(must[[]byte](t)(io.ReadAll(r)))})
	}
	return files
}

func repack(t *testing.T, files []packed) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		w := must[io.Writer](t)(z.Create(f.name))
		_ = must[int](t)(io.WriteString(w, f.text))
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// pack writes a pack of an order, with one part.
func (r *rig) pack(keys *evidence.Keys, order string) []byte {
	r.t.Helper()
	var b bytes.Buffer
	m := evidence.Manifest{Seller: "demo", OrderID: order, TraceID: "0af7651916cd43dd8448eb211c80319c", MadeAt: time.Date(2026, 11, 29, 8, 0, 0, 0, time.UTC), MadeBy: "token:ops"}
	parts := []evidence.Part{{Name: "calls.jsonl", What: "the calls", Write: func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, "{\"call\": 1}\n{\"call\": 2}\n")
		return err
	}}}
	if err := evidence.WritePack(r.t.Context(), &b, keys, r.store, m, parts); err != nil {
		r.t.Fatal(err)
	}
	return b.Bytes()
}

// A stranger verifies a pack with the public key alone, and whatever is changed in it is named.
func TestAStrangerVerifiesAPack(t *testing.T) {
	r, thief := newRig(t, backendtest.SQLite(t)), newRig(t, backendtest.SQLite(t))
	for _, rig := range []*rig{r, thief} {
		rig.admit(rig.Service, "CS1")
		rig.freeze(rig.Service, "CS1", true)
		rig.admit(rig.Service, "CS2")
	}
	public := func(k *evidence.Keys) *evidence.Keys {
		return must[*evidence.Keys](t)(evidence.Parse([]byte(k.Public()[0].PEM())))
	}
	ours := r.pack(r.keys, "CS1")
	files := unpack(t, ours)
	var names []string
	for _, f := range files {
		names = append(names, f.name)
		if strings.Contains(f.text, "canary") || f.name != "README.txt" && strings.Contains(f.text, "CS2") || strings.Contains(f.text, "PRIVATE") {
			t.Errorf("%s holds what it should not: %s", f.name, f.text)
		}
	}
	if want := []string{"calls.jsonl", "chain.jsonl", "keys.pem", "README.txt", "manifest.json", "manifest.sig"}; !slices.Equal(names, want) {
		t.Fatalf("the files are %v, want %v", names, want)
	}

	read := func(t *testing.T, keys *evidence.Keys, pack []byte) *evidence.PackReport {
		t.Helper()
		return must[*evidence.PackReport](t)((&evidence.Verifier{Keys: keys}).ReadPack(bytes.NewReader(pack), int64(len(pack))))
	}
	whole := read(t, public(r.keys), ours)
	wantFaults(t, whole.Report)
	if head := r.event("CS1", 2); whole.SignedBy != r.keys.Public()[0].ID || whole.NoteCount != 0 || whole.Manifest.HeadSeq != 2 || whole.Manifest.HeadHash != head.Hash ||
		whole.Orders != 1 || whole.Events != 2 || whole.Manifest.MadeBy != "token:ops" || whole.Manifest.TraceID != "0af7651916cd43dd8448eb211c80319c" || !whole.Manifest.MadeAt.Equal(time.Date(2026, 11, 29, 8, 0, 0, 0, time.UTC)) {
		t.Errorf("the report is %+v of %+v", whole, whole.Report)
	}
	what := map[string]string{}
	for _, f := range whole.Manifest.Files {
		what[f.Name] = fmt.Sprint(f.Size, f.What)
	}
	if len(what) != 4 || what["calls.jsonl"] != "24the calls" {
		t.Errorf("the manifest names %v", what)
	}

	change := func(name string, to func(text string) string) []byte {
		changed := slices.Clone(files)
		for i, f := range changed {
			if f.name == name {
				if changed[i].text = to(f.text); changed[i].text == f.text {
					t.Fatalf("%s was not changed", name)
				}
			}
		}
		return repack(t, changed)
	}
	replace := func(old, new string) func(string) string {
		return func(text string) string { return strings.Replace(text, old, new, 1) }
	}
	without := func(gone ...string) []byte {
		return repack(t, slices.DeleteFunc(slices.Clone(files), func(f packed) bool { return slices.Contains(gone, f.name) }))
	}
	with := func(more ...packed) []byte { return repack(t, append(slices.Clone(files), more...)) }
	ofCS2 := unpack(t, r.pack(r.keys, "CS2"))
	const order, forged = "CS1/0/0 ", "the manifest's signature does not verify: the signature is not that key's"
	for _, c := range []struct {
		name string
		pack []byte
		want []string
	}{
		{"put together anew", repack(t, files), nil},
		{"a file of the same length", change("calls.jsonl", replace("2", "3")), []string{order + "calls.jsonl is not what the manifest says"}},
		{"a longer file", change("calls.jsonl", func(s string) string { return s + strings.Repeat("{}\n", 1000) }), []string{order + "calls.jsonl is not what the manifest says"}},
		{"a shorter file", change("calls.jsonl", func(s string) string { return s[:12] }), []string{order + "calls.jsonl is not what the manifest says"}},
		{"a file left out", without("calls.jsonl"), []string{order + "calls.jsonl is missing"}},
		{"a file put in", with(packed{"more.txt", "x"}), []string{order + "more.txt is in the pack, and its manifest does not name it"}},
		{"the manifest", change("manifest.json", replace("token:ops", "token:eve")), []string{order + forged}},
		{"the signature", change("manifest.sig", func(s string) string { return s[:len(s)-2] }), []string{order + forged}},
		{"another's signature", change("manifest.sig", func(string) string { return ofCS2[len(ofCS2)-1].text }), []string{order + forged}},
		{"an event's signature", change("manifest.sig", func(string) string { return r.event("CS1", 2).Signature }), []string{order + forged}},
		{"no signature", without("manifest.sig"), []string{order + "the manifest is not signed"}},
		{"an unknown key's", thief.pack(thief.keys, "CS1"), []string{
			order + "the manifest's signature does not verify: the key is not known", "CS1/1/0 the signature does not verify: the key is not known",
			"CS1/2/0 the signature does not verify: the key is not known",
		}},
		{"the chain", change("chain.jsonl", replace(`"frozen":true`, `"frozen":false`)), []string{
			order + "chain.jsonl is not what the manifest says", "CS1/2/0 instance/biz-CS1 was altered",
		}},
		{"another's chain", change("chain.jsonl", func(string) string { return ofCS2[1].text }), []string{
			order + "chain.jsonl is not what the manifest says", order + "chain.jsonl is not of the order that the manifest names",
		}},
		{"a chain that is none", change("chain.jsonl", func(string) string { return "x" }), []string{
			order + "chain.jsonl is not what the manifest says", order + "chain.jsonl: evidence: the export cannot be read",
		}},
		{"no chain", without("chain.jsonl"), []string{order + "chain.jsonl is missing", order + "there is no chain of events"}},
	} {
		t.Run(c.name, func(t *testing.T) { wantFaults(t, read(t, public(r.keys), c.pack).Report, c.want...) })
	}

	// A manifest that tells another head is found even when it was signed.
	t.Run("another head", func(t *testing.T) {
		later := unpack(t, ours)
		r.freeze(r.Service, "CS1", false)
		grown := unpack(t, r.pack(r.keys, "CS1"))
		for i, f := range later {
			if f.name == "manifest.json" || f.name == "manifest.sig" {
				later[i].text = grown[i].text
			}
		}
		wantFaults(t, read(t, public(r.keys), repack(t, later)).Report, order+"chain.jsonl is not what the manifest says", order+"chain.jsonl ends elsewhere than the manifest says")
	})
	t.Run("the keys of the pack", func(t *testing.T) {
		report := read(t, nil, ours)
		wantFaults(t, report.Report)
		if report.NoteCount != 1 || !strings.Contains(report.Notes[0].What, "came with the pack") || report.SignedBy != r.keys.Public()[0].ID || !report.Signatures {
			t.Errorf("the report is %+v", report.Report)
		}
		wantFaults(t, read(t, nil, change("manifest.json", replace("token:ops", "token:eve"))).Report, order+forged)
	})
	t.Run("nothing signs", func(t *testing.T) {
		bare := newRig(t, backendtest.SQLite(t))
		bare.admit(bare.core(nil), "CS1")
		unsigned := bare.pack(nil, "CS1")
		report := read(t, nil, unsigned)
		wantFaults(t, report.Report)
		if report.NoteCount != 1 || !strings.Contains(report.Notes[0].What, "not signed") || report.SignedBy != "" || report.Signatures {
			t.Errorf("the report is %+v", report.Report)
		}
		wantFaults(t, read(t, public(r.keys), unsigned).Report, order+"the manifest is not signed")
	})
	for name, pack := range map[string][]byte{
		"nothing": nil, "no ZIP file": []byte("x"), "cut short": ours[:len(ours)-30], "no manifest": without("manifest.json"),
		"another form": change("manifest.json", replace("koogate/pack/1", "koogate/pack/9")), "a manifest that is none": change("manifest.json", func(string) string { return "[]" }),
		"a manifest without an end": change("manifest.json", func(s string) string { return s + strings.Repeat(" ", 2<<20) }),
		"a file twice":              with(packed{"calls.jsonl", "x"}), "too many files": with(slices.Repeat([]packed{{"x", ""}}, 100)...),
	} {
		if _, err := (&evidence.Verifier{}).ReadPack(bytes.NewReader(pack), int64(len(pack))); !errors.Is(err, evidence.ErrNoPack) {
			t.Errorf("%s was taken for a pack: %v", name, err)
		}
	}
}

// A pack of which a part cannot be written is none, and nobody is told otherwise.
func TestAPackThatFailsOpensNowhere(t *testing.T) {
	r := newRig(t, backendtest.SQLite(t))
	r.admit(r.Service, "CS1")
	var b bytes.Buffer
	gone := errors.New("gone")
	err := evidence.WritePack(t.Context(), &b, r.keys, r.store, evidence.Manifest{Seller: "demo", OrderID: "CS1"}, []evidence.Part{
		{Name: "a", Write: func(context.Context, io.Writer) error { return nil }}, {Name: "b", Write: func(context.Context, io.Writer) error { return gone }},
	})
	if !errors.Is(err, gone) || !strings.HasPrefix(err.Error(), "b: ") {
		t.Errorf("got %v", err)
	}
	if _, err := (&evidence.Verifier{}).ReadPack(bytes.NewReader(b.Bytes()), int64(b.Len())); !errors.Is(err, evidence.ErrNoPack) {
		t.Errorf("got %v", err)
	}
	var m evidence.Manifest
	if text := must[[]byte](t)(json.Marshal(m)); !reflect.DeepEqual(m, evidence.Manifest{}) || !strings.Contains(string(text), `"headSeq":0`) {
		t.Errorf("a manifest is %s", text)
	}
}
