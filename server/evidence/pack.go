// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"
	"time"

	"github.com/koogate/koogate/store"
)

// PackFormat names the form of a pack: a ZIP file with the files that its manifest names, one of them an export of the order's chain.
const PackFormat = "koogate/pack/1"

// The files that every pack has. There is no signature where nothing signs.
const (
	PackChain     = "chain.jsonl"   // what Export writes of the order
	packReadme    = "README.txt"    // what the pack is and how it is verified
	packKeys      = "keys.pem"      // the public keys, as ListEvidenceKeys tells them
	packManifest  = "manifest.json" // a Manifest
	packSignature = "manifest.sig"  // over the SHA-256 of the manifest's bytes, in hex
)

// Manifest is what a pack says of itself. Its bytes are what is signed.
type Manifest struct {
	Format  string    `json:"format"`
	Seller  string    `json:"seller"`
	OrderID string    `json:"orderId"`
	TraceID string    `json:"traceId"`
	MadeAt  time.Time `json:"madeAt"`
	MadeBy  string    `json:"madeBy"`
	// HeadSeq and HeadHash are the last event of the chain in the pack. What happened later is not in the chain.
	HeadSeq  int64        `json:"headSeq"`
	HeadHash string       `json:"headHash"`
	Files    []PackedFile `json:"files"`
}

// PackedFile is a file of a pack.
type PackedFile struct {
	Name   string `json:"name"`
	What   string `json:"what"`
	Size   int64  `json:"size"` // bytes
	SHA256 string `json:"sha256"`
}

// Part is a file for a pack, beside those that every pack has.
type Part struct {
	Name  string // without a directory
	What  string // one line that says what it holds
	Write func(ctx context.Context, w io.Writer) error
}

// WritePack writes an order's evidence for somebody outside: the parts in their order, then the chain, so that it knows everything that the
// parts tell, the public keys, and the manifest with its signature. Of m the caller sets what names the order and who asks; the rest is filled in. It writes
// as it reads and holds no file whole but the chain. A pack whose writing failed has no directory and opens nowhere.
func WritePack(ctx context.Context, w io.Writer, keys *Keys, orders Source, m Manifest, parts []Part) error {
	m.Format, m.Files = PackFormat, []PackedFile{}
	p := packer{zip: zip.NewWriter(w), manifest: &m}
	chain := func(ctx context.Context, w io.Writer) error {
		head, err := ExportOrder(ctx, w, orders, m.Seller, m.OrderID)
		m.HeadSeq, m.HeadHash = head.Seq, head.Hash
		return err
	}
	parts = append(parts[:len(parts):len(parts)], Part{PackChain, "the order's chain of events with its signatures, and what it claims of the order's rows", chain})
	if len(keys.Public()) > 0 {
		parts = append(parts, Part{packKeys, "the public halves of the keys that sign; hold them against those that the seller publishes", keys.writePublic})
	}
	parts = append(parts, Part{packReadme, "what this is, and how to verify it", func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, readme)
		return err
	}})
	for _, part := range parts {
		if err := p.add(ctx, part); err != nil {
			return fmt.Errorf("%s: %w", part.Name, err)
		}
	}
	return p.close(keys)
}

// writePublic writes the public keys as PEM, the one that signs first.
func (k *Keys) writePublic(_ context.Context, w io.Writer) error {
	for _, key := range k.Public() {
		if _, err := io.WriteString(w, key.PEM()); err != nil {
			return err
		}
	}
	return nil
}

// packer writes one pack.
type packer struct {
	zip      *zip.Writer
	manifest *Manifest
}

func (p *packer) create(name string) (io.Writer, error) {
	return p.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: p.manifest.MadeAt})
}

func (p *packer) add(ctx context.Context, part Part) error {
	w, err := p.create(part.Name)
	if err != nil {
		return err
	}
	d := newCounted(w)
	if err := part.Write(ctx, d); err != nil {
		return err
	}
	p.manifest.Files = append(p.manifest.Files, PackedFile{part.Name, part.What, d.size, d.sum()})
	return nil
}

func (p *packer) close(keys *Keys) error {
	text, err := json.MarshalIndent(p.manifest, "", "  ")
	if err != nil {
		return err
	}
	text = append(text, '\n')
	signature := keys.sign(signsPack, sumOf(text))
	for _, f := range []struct{ name, text string }{{packManifest, string(text)}, {packSignature, signature}} {
		if f.text == "" {
			continue // nothing signs
		}
		w, err := p.create(f.name)
		if err != nil {
			return err
		}
		if _, err := io.WriteString(w, f.text); err != nil {
			return err
		}
	}
	return p.zip.Close()
}

// counted passes on, counts and digests.
type counted struct {
	to   io.Writer
	hash hash.Hash
	size int64
}

func newCounted(to io.Writer) *counted { return &counted{to: to, hash: sha256.New()} }

// Write implements io.Writer.
func (d *counted) Write(b []byte) (int, error) {
	n, err := d.to.Write(b)
	_, _ = d.hash.Write(b[:n]) // a hash takes everything
	d.size += int64(n)
	return n, err
}

func (d *counted) sum() string { return hex.EncodeToString(d.hash.Sum(nil)) }

func sumOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// The bounds of what ReadPack takes from a stranger.
const (
	maxPackedFiles = 100
	maxManifest    = 1 << 20 // bytes
	maxChain       = 1 << 30 // bytes; an order's chain is read into memory
)

// ErrNoPack says that a file is no pack, or not a whole one.
var ErrNoPack = errors.New("evidence: this is no pack of the form " + PackFormat)

// PackReport is what a verification of a pack found.
type PackReport struct {
	Manifest Manifest `json:"manifest"`
	// SignedBy is the ID of the key that signed the manifest; empty when none did whose signature could be checked.
	SignedBy string `json:"signedBy,omitempty"`
	*Report  `json:"report"`
}

// ReadPack verifies a pack without a database: the manifest's signature, each file against the manifest, and the chain as ReadExport does.
// Without Keys it takes those of the pack, and notes that they prove no origin. Errors: ErrNoPack.
func (v *Verifier) ReadPack(r io.ReaderAt, size int64) (*PackReport, error) {
	z, err := zip.NewReader(r, size)
	if err != nil || len(z.File) > maxPackedFiles {
		return nil, ErrNoPack
	}
	p := packReader{files: map[string]*zip.File{}}
	for _, f := range z.File {
		if p.files[f.Name] != nil {
			return nil, fmt.Errorf("%w: %q is in it twice", ErrNoPack, f.Name)
		}
		p.files[f.Name] = f
	}
	text, err := p.text(packManifest)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoPack, err)
	}
	if json.Unmarshal(text, &p.report.Manifest) != nil || p.report.Manifest.Format != PackFormat {
		return nil, fmt.Errorf("%w: %s tells another form", ErrNoPack, packManifest)
	}
	keys, err := p.keys(v.Keys)
	if err != nil {
		return nil, err
	}
	p.report.Report = newReport(p.report.Manifest.Seller, keys)
	p.signature(keys, text, len(v.Keys.Public()) > 0)
	for _, f := range p.report.Manifest.Files {
		p.file(f)
	}
	for name := range p.files {
		p.fault("%s is in the pack, and its manifest does not name it", name)
	}
	if err := p.chain(&Verifier{Keys: keys}, z); err != nil {
		return nil, err
	}
	return &p.report, nil
}

// packReader verifies one pack. What is left in files when the manifest is read was named nowhere.
type packReader struct {
	files  map[string]*zip.File
	report PackReport
}

func (p *packReader) fault(format string, args ...any) {
	p.report.fault(Finding{OrderID: p.report.Manifest.OrderID, What: fmt.Sprintf(format, args...)})
}

func (p *packReader) note(format string, args ...any) {
	p.report.note(Finding{OrderID: p.report.Manifest.OrderID, What: fmt.Sprintf(format, args...)})
}

// text reads a small file, and takes it from those that the manifest has to name.
func (p *packReader) text(name string) ([]byte, error) {
	f := p.files[name]
	if f == nil {
		return nil, fmt.Errorf("it has no %s", name)
	}
	delete(p.files, name)
	text, err := readAtMost(f, maxManifest)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return text, nil
}

func readAtMost(f *zip.File, most int64) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	text, err := io.ReadAll(io.LimitReader(r, most+1))
	if err == nil && int64(len(text)) > most {
		err = fmt.Errorf("is longer than %d bytes", most)
	}
	return text, err
}

// keys are those of the verifier, else those that the pack brings.
func (p *packReader) keys(own *Keys) (*Keys, error) {
	f := p.files[packKeys]
	if len(own.Public()) > 0 || f == nil {
		return own, nil
	}
	text, err := readAtMost(f, maxManifest)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrNoPack, packKeys, err)
	}
	brought, err := Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrNoPack, packKeys, err)
	}
	return brought, nil
}

// signature checks the manifest's; own says whether the keys are the verifier's and not the pack's.
func (p *packReader) signature(keys *Keys, manifest []byte, own bool) {
	signed := p.files[packSignature] != nil
	signature, err := p.text(packSignature)
	switch {
	case !signed && own:
		p.fault("the manifest is not signed")
	case !signed:
		p.note("the manifest is not signed: anybody can have made the pack")
	case err != nil:
		p.fault("%v", err)
	case len(keys.Public()) == 0:
		p.note("the manifest's signature was not checked: there are no public keys")
	default:
		if err := keys.check(signsPack, sumOf(manifest), string(signature)); err != nil {
			p.fault("the manifest's signature does not verify: %v", err)
			return
		}
		p.report.SignedBy, _, _ = strings.Cut(string(signature), ".")
		if !own {
			p.note("the key %s came with the pack: hold it against the one that the seller publishes", p.report.SignedBy)
		}
	}
}

// file holds one file to the manifest.
func (p *packReader) file(f PackedFile) {
	in := p.files[f.Name]
	if in == nil {
		p.fault("%s is missing", f.Name)
		return
	}
	delete(p.files, f.Name)
	r, err := in.Open()
	if err != nil {
		p.fault("%s cannot be read: %v", f.Name, err)
		return
	}
	defer func() { _ = r.Close() }()
	d := newCounted(io.Discard)
	// One byte more than the manifest says is enough to know.
	if _, err := io.Copy(d, io.LimitReader(r, max(f.Size, 0)+1)); err != nil {
		p.fault("%s cannot be read: %v", f.Name, err)
		return
	}
	if d.size != f.Size || d.sum() != f.SHA256 {
		p.fault("%s is not what the manifest says", f.Name)
	}
}

// chain verifies the order's chain and holds it to the manifest.
func (p *packReader) chain(v *Verifier, z *zip.Reader) error {
	r, err := z.Open(PackChain)
	if err != nil {
		p.fault("there is no chain of events")
		return nil
	}
	defer func() { _ = r.Close() }()
	limited := &io.LimitedReader{R: r, N: maxChain}
	var orders []Rows
	v.read = func(o Rows) { orders = append(orders, Rows{Seller: o.Seller, OrderID: o.OrderID, Head: o.Head}) }
	reports, err := v.ReadExport(limited, "")
	switch {
	case limited.N == 0:
		return fmt.Errorf("evidence: %s is longer than %d bytes", PackChain, maxChain)
	case err != nil:
		p.fault("%s: %v", PackChain, err)
		return nil
	}
	for _, report := range reports {
		p.report.joined(report)
	}
	switch {
	case len(orders) != 1 || orders[0].Seller != p.report.Manifest.Seller || orders[0].OrderID != p.report.Manifest.OrderID:
		p.fault("%s is not of the order that the manifest names", PackChain)
	case orders[0].Head != store.Head{Seq: p.report.Manifest.HeadSeq, Hash: p.report.Manifest.HeadHash}:
		p.fault("%s ends elsewhere than the manifest says", PackChain)
	}
	return nil
}

const readme = `Evidence of one order at the KooGallery marketplace, as the seller's Koogate has recorded it.
云商店一笔订单的证据，由商家的 Koogate 记录。

manifest.json names every file with its SHA-256, the order, who made the pack and when, and where the order's chain of events ends.
manifest.sig is an Ed25519 signature: "ID.BASE64URL", where ID is the first 16 hex digits of the SHA-256 of the public key, over the bytes
  koogate/signature/1 NUL pack NUL (the SHA-256 of manifest.json in lower-case hex)
manifest.json 列出全部文件及其 SHA-256、订单、制作人与时间，以及事件链的末端；manifest.sig 是对其 SHA-256 的 Ed25519 签名。

Verify it on any machine, without a network:
在任何机器上离线校验：
  koogate evidence verify PACK.zip --public-key KEY.pem

KEY.pem comes from the seller by another way (GET /v1/evidence/keys, koogate keys public). The keys in this pack show only that nothing was
changed since it was made, not who made it. Values that are secret or personal are not in the pack; members of calls that are not in the
marketplace's documents are replaced.
公钥应从商家的其他渠道取得；包内的公钥只能证明制作后未被改动，不能证明出自谁手。包内没有密码等机密和个人信息。
`
