// SPDX-License-Identifier: Apache-2.0

package fulfil

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/koogate/koogate/koogallery/wiretime"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/store"
)

// Import is an instance that another integration has created and served, as the vendor's own records tell it (ADR 52). Texts are as
// long as the contract lets them be.
type Import struct {
	Endpoint    string
	Family      string // empty means what newInstance of V2 creates at the endpoint
	OrderID     string
	OrderLineID string // empty in the V1 families, which have none
	InstanceID  string // as the marketplace knows it
	Product     store.Product
	KeyProduct  bool        // newInstance of V2 carried the product ID, which then is part of the line's key
	State       ImportState // required
	Trial       bool
	ExpireAt    time.Time // zero for none, or not known
	CreatedAt   time.Time // when it was created; zero means now. Usage since then counts
	CustomerID  string    // the buyer's, if it is known
	Access      Access
}

// ImportState is where an imported instance stands.
type ImportState string

// The states.
const (
	ImportActive   ImportState = "ACTIVE"
	ImportFrozen   ImportState = "FROZEN"  // by a call of the marketplace: its call lifts it
	ImportExpired  ImportState = "EXPIRED" // frozen because it expired: a renewal lifts it, too
	ImportReleased ImportState = "RELEASED"
)

// ImportVerdict is what has become of an imported row.
type ImportVerdict string

// The verdicts.
const (
	ImportCreated   ImportVerdict = "CREATED"
	ImportUnchanged ImportVerdict = "UNCHANGED" // it is there, and equal in all that the row says
	ImportDiffers   ImportVerdict = "DIFFERS"   // it is there, and Fields differ; nothing was changed
	ImportInvalid   ImportVerdict = "INVALID"   // it cannot be there as the row says, for what Message says of Fields
)

// Imported is the verdict on one row. It holds no secret and no personal datum.
type Imported struct {
	Verdict ImportVerdict
	Fields  []string // by the names of the internal API
	Message string
}

// Imports are rows that are imported together.
type Imports struct {
	Seller string
	Rows   []Import
	Refuse []error // by row: why it was found to be wrong before; nil for none, and no list for none of all
	Try    bool    // nothing is written: what would become of the rows
	Who    string  // names the caller in the events
	Why    string  // for the events; no secrets, no personal data
}

// releasedBefore is the Reason of an instance that was released before it was imported.
const releasedBefore = "released before the import"

// actionImport is the action in the source of facts that an import has told: they are no estimates of the order's time, so a renewal that comes late
// does not bring them back.
const actionImport = "import"

// Import admits the order lines that created instances elsewhere, all that it admits in one transaction. From then on each is as if it had been created
// here: a repeat of newInstance is a success with it, and calls about it are served. The verdicts have the order of the rows; a row costs no other. A
// second import of the same rows changes nothing. Errors: STORE_UNAVAILABLE.
func (s *Service) Import(ctx context.Context, im Imports) ([]Imported, error) {
	for try := 0; ; try++ {
		b, err := s.newBatch(ctx, &im)
		if err != nil {
			return nil, err
		}
		if len(b.drafts) == 0 || im.Try {
			return b.verdicts, nil
		}
		switch err := b.commit(ctx); {
		case err == nil:
			return b.verdicts, nil
		case !retryable(err) && !errors.Is(err, store.ErrOrderExists) || try >= 20:
			return nil, s.storeError(ctx, err, errs.OrderNotFound, "")
		}
		// Some order or instance came into being meanwhile: it is read now.
		if err := clock.Sleep(ctx, s.Clock, time.Duration(rand.Int64N(int64(try+1)))*time.Millisecond); err != nil { //nolint:gosec // jitter
			return nil, s.storeError(ctx, err, errs.OrderNotFound, "")
		}
	}
}

// batch is the decision about rows that are imported together.
type batch struct {
	s        *Service
	verdicts []Imported
	drafts   []*draft // of orders that change
}

// newBatch decides over the rows, order by order.
func (s *Service) newBatch(ctx context.Context, im *Imports) (*batch, error) {
	b := &batch{s: s, verdicts: make([]Imported, len(im.Rows))}
	created, err := s.lostSince(ctx, im.Seller)
	if err != nil {
		return nil, err
	}
	placed := make([]Adoption, len(im.Rows))
	rows := make(map[string][]int) // by order
	var orders, ids []string
	for k := range im.Rows {
		r := &im.Rows[k]
		if len(im.Refuse) > 0 && im.Refuse[k] != nil {
			b.verdicts[k] = invalidRow(im.Refuse[k])
			continue
		}
		a, err := s.placeOf(im, r)
		if err != nil {
			b.verdicts[k] = invalidRow(err)
			continue
		}
		if placed[k] = a; rows[r.OrderID] == nil {
			orders = append(orders, r.OrderID)
		}
		rows[r.OrderID] = append(rows[r.OrderID], k)
		ids = append(ids, r.InstanceID)
	}
	owners, err := s.ownersOf(ctx, im.Seller, ids)
	if err != nil {
		return nil, err
	}
	for _, id := range orders {
		d, err := s.draftOf(ctx, im.Seller, id, placed[rows[id][0]].Endpoint)
		if err != nil {
			return nil, err
		}
		for _, k := range rows[id] {
			r := &im.Rows[k]
			if owner := owners[r.InstanceID]; owner != "" && owner != id {
				b.verdicts[k] = invalidRow(errs.BadField("instance_id", "belongs to another order"))
				continue
			}
			if b.verdicts[k], err = d.imported(r, placed[k], created); err != nil {
				return nil, err
			}
			owners[r.InstanceID] = id
		}
		if len(d.change.Events) > 0 {
			b.drafts = append(b.drafts, d)
		}
	}
	return b, nil
}

// ownersOf are the orders of those instances that exist, by instance.
func (s *Service) ownersOf(ctx context.Context, seller string, ids []string) (map[string]string, error) {
	owners := make(map[string]string, len(ids))
	for some := range slices.Chunk(ids, MaxQueryIDs) {
		found, err := s.Store.Instances(ctx, seller, some)
		if err != nil {
			return nil, s.storeError(ctx, err, errs.InstanceNotFound, "")
		}
		for k := range found {
			owners[found[k].InstanceID] = found[k].OrderID
		}
	}
	return owners, nil
}

// draftOf begins a decision about an order that may be there or not.
func (s *Service) draftOf(ctx context.Context, seller, orderID string, ep *Endpoint) (*draft, error) {
	now := s.now()
	agg, err := s.Store.Aggregate(ctx, seller, orderID)
	switch {
	case err == nil:
		return s.newDraft(ctx, now, agg), nil
	case !errors.Is(err, store.ErrNotFound):
		return nil, s.storeError(ctx, err, errs.OrderNotFound, "")
	}
	d := s.newDraft(ctx, now, &store.Aggregate{Order: store.Order{
		Seller: seller, OrderID: orderID, Endpoint: ep.Name, QueryState: store.QueryDone, CreatedAt: now, UpdatedAt: now,
	}})
	d.change.NewOrder = &d.agg.Order
	return d, nil
}

// commit writes all drafts together. The traces of new orders begin here.
func (b *batch) commit(ctx context.Context) error {
	changes := make([]*store.Change, len(b.drafts))
	for k, d := range b.drafts {
		d.close()
		changes[k] = &d.change
	}
	if err := b.s.apply(ctx, changes...); err != nil {
		return err
	}
	for _, d := range b.drafts {
		if o := d.change.NewOrder; o != nil {
			_, root := telemetry.StartRoot(ctx, b.s.Tracer, o.Seller, o.OrderID, d.now)
			d.describe(root)
			root.End()
		}
	}
	return nil
}

// invalidRow is the verdict of an error about a row.
func invalidRow(err error) Imported {
	e := errs.As(err)
	v := Imported{Verdict: ImportInvalid, Message: e.Msg}
	for _, f := range e.Fields {
		v.Fields = append(v.Fields, f.Path)
	}
	return v
}

// importNames are the internal API's names of an adoption's fields.
var importNames = map[string]string{
	"order": "order_id", "line": "order_line_id", "product": "product_id", "instance": "instance_id", "why": "reason",
}

// placeOf judges a row by itself, and returns where it is admitted. Errors: INVALID_FIELD, RESULT_INVALID.
func (s *Service) placeOf(im *Imports, r *Import) (Adoption, error) {
	ep, ok := s.Endpoint(r.Endpoint)
	if !ok || ep.Seller != im.Seller {
		return Adoption{}, errs.BadField("endpoint", "does not exist")
	}
	a := Adoption{
		Endpoint: ep, OrderID: r.OrderID, OrderLineID: r.OrderLineID, ProductID: r.Product.ProductID, ChargingMode: r.Product.ChargingMode,
		InstanceID: r.InstanceID, Family: r.Family, Who: im.Who, Why: im.Why,
	}
	if a.Family == "" {
		a.Family = ep.NewFamily
	}
	if err := a.check(); err != nil {
		f := errs.As(err).Fields[0]
		return a, errs.BadField(cmp.Or(importNames[f.Path], f.Path), "%s", f.Msg)
	}
	if !a.classic() && !r.KeyProduct {
		a.ProductID = ""
	}
	if err := r.check(a, s.now()); err != nil {
		return a, err
	}
	return a, s.checkImportedAccess(r, a)
}

// check judges what a row says apart from its access information.
func (r *Import) check(a Adoption, now time.Time) error {
	switch p := &r.Product; {
	case r.InstanceID == "":
		return errs.BadField("instance_id", "required")
	case !nameable(r.InstanceID):
		return errs.BadField("instance_id", "has a comma, a control character or a blank at an end, by which no query can name it")
	case !store.Sound(r.OrderID + r.OrderLineID + p.ProductID + p.SKUCode):
		return errs.BadField("order_id", "must be valid text")
	case p.ProductID == "":
		return errs.BadField("product_id", "required")
	case a.classic() && r.KeyProduct:
		return errs.BadField("product_in_key", "is of the V2 families; in V1 it follows from the charging mode")
	case a.classic() && p.ChargingMode == "":
		return errs.BadField("charging_mode", "required with %s, where the order's key depends on it", a.Family)
	case !slices.Contains([]string{"", modePeriod, modeOnDemand, "ONE_TIME", "ON_DEMAND_PKG"}, p.ChargingMode):
		return errs.BadField("charging_mode", "is none of PERIOD, ONE_TIME, ON_DEMAND and ON_DEMAND_PKG")
	case p.LinearValue < 0:
		return errs.BadField("quantity", "is negative")
	case !slices.Contains([]ImportState{ImportActive, ImportFrozen, ImportExpired, ImportReleased}, r.State):
		return errs.BadField("state", "is none of ACTIVE, FROZEN, EXPIRED and RELEASED")
	case !plausible(r.ExpireAt):
		return errs.BadField("expire_time", "is not within the years %d to %d", wiretime.MinYear, wiretime.MaxYear)
	case !plausible(r.CreatedAt) || r.CreatedAt.After(now.Add(time.Minute)):
		return errs.BadField("create_time", "lies ahead, or before the year %d", wiretime.MinYear)
	}
	return nil
}

// unnamed says of a character that no call can name an instance whose ID has it.
func unnamed(c rune) bool { return unicode.IsControl(c) || c == ',' }

// plausible says whether a time is none, or of a year that the marketplace could name.
func plausible(t time.Time) bool {
	year := t.UTC().Year()
	return t.IsZero() || year >= wiretime.MinYear && year <= wiretime.MaxYear
}

// checkImportedAccess holds a row's access information to what its family shows. The error names no value.
func (s *Service) checkImportedAccess(r *Import, a Adoption) error {
	licence, shown := r.Access.Licence, r.Access
	shown.Licence = ""
	switch {
	case a.Family == FamilyLicenseV1 && shown != Access{}:
		return errs.BadField("access", "an instance of license_v1 has a licence and no access information")
	case a.Family == FamilyLicenseV1 && licence == "" && r.State != ImportReleased:
		return errs.BadField("licence", "required with license_v1: it is what the marketplace asks for")
	case a.Family != FamilyLicenseV1 && licence != "":
		return errs.BadField("licence", "is of license_v1 only")
	case a.Family == FamilyLicenseV1:
		return nil
	case shown.FrontEndURL == "" && shown != Access{}:
		return errs.BadField("access.front_end_url", "required where there is any access information")
	case shown.FrontEndURL == "" && r.State != ImportReleased && a.Family != FamilyLicenseOnline:
		return errs.BadField("access.front_end_url", "required with %s: it is what the customer opens", a.Family)
	}
	err := s.checkAccessOf(&store.Instance{Family: a.Family, Endpoint: a.Endpoint.Name}, shown)
	if err == nil {
		return nil
	}
	e := errs.As(err)
	fields := slices.Clone(e.Fields)
	for k := range fields {
		fields[k].Path = strings.Replace(fields[k].Path, "access_info.", "access.", 1)
	}
	bad := errs.BadField(fields[0].Path, "%s", fields[0].Msg)
	bad.Fields = fields
	return bad
}
