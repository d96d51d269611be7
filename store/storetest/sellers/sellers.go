// SPDX-License-Identifier: Apache-2.0

package sellers

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
	"github.com/koogate/koogate/store/storetest/check"
)

var sellerCases = []check.Case{
	check.WithStore("EveryColumn", sellerColumns),
	check.WithStore("PutReplacesAndEnds", sellerPuts),
	check.WithStore("OneRevisionOneChange", sellersAtOnce),
	check.WithStore("ATokenHasOneBearer", sellerTokens),
	check.WithStore("UseIsNoted", keyUse),
	check.WithStore("NoBadTextIsKept", noBadSeller),
	check.WithStore("AChangeLeavesAnAuditRow", sellersAudited),
	{Name: "WakesAfterAChange", Run: func(t *testing.T, s *check.Suite) {
		st := s.Open(t)
		sellersWake(t, st, st)
	}},
	check.WithSecond("WakesThroughASecondHandle", sellersWake),
}

// fullSellerChange fills every column.
func fullSellerChange() store.SellerChange {
	at := func(n int) time.Time { return storetest.Epoch.Add(time.Duration(n) * 1234567 * time.Microsecond) }
	return store.SellerChange{
		Settings: []store.SellerSetting{
			{
				Kind: store.SettingEndpoint, Name: "crm", Seller: storetest.Seller, ManagedBy: store.ManagedByFile, Document: `{"families":["saas_v2"]}`,
				CreatedAt: at(1), UpdatedAt: at(2),
			},
			{
				Kind: store.SettingProduct, Parent: "crm", Name: "商品-*", Seller: storetest.Seller, ManagedBy: store.ManagedByAPI, Document: `{"provisioner":"q"}`,
				CreatedAt: at(3), UpdatedAt: at(4),
			},
		},
		Keys: []store.SellerKey{{
			Seller: storetest.Seller, ID: "k1", Use: store.KeyBase, Owner: "crm", Rank: 3, Secret: []byte{0, 1, 254, 255}, Digest: "d1", Document: `{"name":"ci"}`,
			ManagedBy: store.ManagedByAPI, NotBefore: at(5), NotAfter: at(6), CreatedAt: at(7), UpdatedAt: at(8),
		}},
	}
}

func mustChangeSellers(t *testing.T, s store.Store, c store.SellerChange) int64 {
	t.Helper()
	revision, err := s.ChangeSellers(check.Context(t), c)
	check.Error(t, err, nil)
	return revision
}

func wantSellers(t *testing.T, s store.Store, want store.SellerRows) {
	t.Helper()
	got, err := s.Sellers(check.Context(t))
	check.Error(t, err, nil)
	check.Equal(t, "rows", got, want)
	revision, err := s.SellerRevision(check.Context(t))
	check.Error(t, err, nil)
	check.Equal(t, "revision", revision, want.Revision)
}

// written is a change as it reads once it is there.
func written(c store.SellerChange) store.SellerRows {
	rows := store.SellerRows{Revision: c.Revision + 1}
	for _, x := range c.Settings {
		x.Version = rows.Revision
		rows.Settings = append(rows.Settings, x)
	}
	for _, k := range c.Keys {
		k.Version = rows.Revision
		rows.Keys = append(rows.Keys, k)
	}
	return rows
}

func sellerColumns(t *testing.T, s store.Store) {
	wantSellers(t, s, store.SellerRows{})
	c := fullSellerChange()
	whole := c.Settings[1] // the version, the end and the use are not the change's to set
	whole.Version, whole.EndedAt = 1, storetest.Epoch
	check.Filled(t, "SellerSetting", reflect.ValueOf(whole))
	key := c.Keys[0]
	key.Version, key.EndedAt, key.LastUsedAt = 1, storetest.Epoch, storetest.Epoch
	check.Filled(t, "SellerKey", reflect.ValueOf(key))
	check.Equal(t, "revision", mustChangeSellers(t, s, c), 1)
	wantSellers(t, s, written(c))
}

func sellerPuts(t *testing.T, s store.Store) {
	c := fullSellerChange()
	mustChangeSellers(t, s, c)
	other := fullSellerChange()
	other.Revision = 1
	other.Settings = other.Settings[1:]
	x, k := &other.Settings[0], &other.Keys[0]
	x.Seller, x.ManagedBy, x.Document, x.CreatedAt, x.UpdatedAt = "other", store.ManagedByFile, `{}`, storetest.Epoch.Add(time.Hour), storetest.Epoch.Add(time.Hour)
	k.Use, k.Owner, k.Rank, k.Secret, k.Digest, k.Document, k.ManagedBy = store.KeyToken, "", 1, nil, "d2", `{}`, store.ManagedByFile
	k.NotBefore, k.NotAfter, k.CreatedAt, k.UpdatedAt = time.Time{}, time.Time{}, storetest.Epoch.Add(time.Hour), storetest.Epoch.Add(time.Hour)
	check.Equal(t, "revision", mustChangeSellers(t, s, other), 2)
	want := written(other)
	want.Settings[0].CreatedAt, want.Keys[0].CreatedAt = c.Settings[1].CreatedAt, c.Keys[0].CreatedAt
	untouched := written(c).Settings[0]
	want.Settings = append([]store.SellerSetting{untouched}, want.Settings...)
	wantSellers(t, s, want)

	ended := store.SellerChange{Revision: 2, Settings: other.Settings, Keys: other.Keys}
	ended.Settings[0].EndedAt, ended.Keys[0].EndedAt = storetest.Epoch, storetest.Epoch
	mustChangeSellers(t, s, ended)
	wantSellers(t, s, store.SellerRows{Revision: 3, Settings: []store.SellerSetting{untouched}})
}

func sellersAtOnce(t *testing.T, s store.Store) {
	errs := check.Together(16, func(i int) error {
		c := fullSellerChange()
		c.Settings[0].Name = fmt.Sprint("e", i)
		_, err := s.ChangeSellers(check.Context(t), c)
		return err
	})
	check.OneSuccess(t, errs, store.ErrStale)
	rows, err := s.Sellers(check.Context(t))
	check.Error(t, err, nil)
	if rows.Revision != 1 || len(rows.Settings) != 2 || len(rows.Keys) != 1 {
		t.Errorf("a change that came too late left something: %+v", rows)
	}
}

func sellerTokens(t *testing.T, s store.Store) {
	token := func(seller, id string, revision int64) store.SellerChange {
		return store.SellerChange{Revision: revision, Keys: []store.SellerKey{{Seller: seller, ID: id, Use: store.KeyToken, Digest: "d"}}}
	}
	mustChangeSellers(t, s, token(storetest.Seller, "a", 0))
	_, err := s.ChangeSellers(check.Context(t), token("other", "b", 1))
	check.Error(t, err, store.ErrConflict)
	wantSellers(t, s, written(token(storetest.Seller, "a", 0)))
	end := token(storetest.Seller, "a", 1)
	end.Keys[0].EndedAt = storetest.Epoch
	end.Keys = append(end.Keys, token("other", "b", 0).Keys...)
	mustChangeSellers(t, s, end)
	empty := store.SellerChange{Revision: 2} // keys without a digest do not exclude each other
	for i := range 2 {
		empty.Keys = append(empty.Keys, store.SellerKey{Seller: storetest.Seller, ID: fmt.Sprint(i), Use: store.KeyBase, Secret: []byte{1}})
	}
	mustChangeSellers(t, s, empty)
}

func keyUse(t *testing.T, s store.Store) {
	c := fullSellerChange()
	mustChangeSellers(t, s, c)
	want := written(c)
	for _, step := range []struct{ at, want int }{{60, 60}, {30, 60}, {90, 90}} {
		check.Error(t, s.NoteKeyUse(check.Context(t), []store.KeyUse{
			{Seller: storetest.Seller, ID: "k1", At: storetest.Epoch.Add(time.Duration(step.at) * time.Second)}, {Seller: "other", ID: "k1", At: storetest.Epoch},
		}), nil)
		want.Keys[0].LastUsedAt = storetest.Epoch.Add(time.Duration(step.want) * time.Second)
		wantSellers(t, s, want)
	}
	c.Revision = 1
	mustChangeSellers(t, s, c) // a change of the key does not forget its use
	want.Revision = 2
	want.Settings[0].Version, want.Settings[1].Version, want.Keys[0].Version = 2, 2, 2
	wantSellers(t, s, want)
}

func noBadSeller(t *testing.T, s store.Store) {
	for name, bad := range check.BadTexts {
		c := fullSellerChange()
		check.Spoil(reflect.ValueOf(&c), name, bad, func(path string) {
			if _, err := s.ChangeSellers(check.Context(t), c); !errors.Is(err, store.ErrBadText) {
				t.Errorf("%s: %v", path, err)
			}
		})
		check.Error(t, s.NoteKeyUse(check.Context(t), []store.KeyUse{{Seller: bad, ID: "k1"}}), store.ErrBadText)
	}
	wantSellers(t, s, store.SellerRows{})
}

// sellersWake watches through one handle and changes through the other.
func sellersWake(t *testing.T, watching, changing store.Store) {
	wake, stop := watching.Watch(store.SellersTopic)
	defer stop()
	c := fullSellerChange()
	mustChangeSellers(t, changing, c)
	check.Wake(t, "change", wake)
	wantSellers(t, watching, written(c))
}

// sellersAudited: a change by a call leaves one row in its transaction, one by Koogate itself and one that fails leave none.
func sellersAudited(t *testing.T, s store.Store) {
	mustChangeSellers(t, s, fullSellerChange())
	ctx := storetest.AuditedCall(check.Context(t))
	_, err := s.ChangeSellers(ctx, fullSellerChange())
	check.Error(t, err, store.ErrStale)
	c := fullSellerChange()
	c.Revision = 1
	_, err = s.ChangeSellers(ctx, c)
	check.Error(t, err, nil)
	rows, err := s.ListAudit(check.Context(t), store.ListQuery{Seller: storetest.Seller, Desc: true, Limit: 10})
	check.Error(t, err, nil)
	if len(rows) != 1 {
		t.Fatalf("%d audit rows", len(rows))
	}
	check.Equal(t, "caller", rows[0].Caller, storetest.AuditCaller)
	check.Equal(t, "resources", rows[0].Resources, `{"endpoint":["crm"],"key":["k1"],"product":["crm/商品-*"]}`)
	check.Equal(t, "before", rows[0].Before, "revision 1")
	check.Equal(t, "after", rows[0].After, store.Digest(c))
}
