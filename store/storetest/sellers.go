// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
)

var sellerCases = []testCase{
	withStore("EveryColumn", sellerColumns),
	withStore("PutReplacesAndEnds", sellerPuts),
	withStore("OneRevisionOneChange", sellersAtOnce),
	withStore("ATokenHasOneBearer", sellerTokens),
	withStore("UseIsNoted", keyUse),
	withStore("NoBadTextIsKept", noBadSeller),
	{"WakesAfterAChange", func(t *testing.T, s *suite) {
		st := s.open(t)
		sellersWake(t, st, st)
	}},
	{"WakesThroughASecondHandle", func(t *testing.T, s *suite) {
		if s.second == nil {
			t.Skip("one handle at a time")
		}
		first := s.open(t)
		sellersWake(t, first, s.second(t, first))
	}},
}

// fullSellerChange fills every column.
func fullSellerChange() store.SellerChange {
	at := func(n int) time.Time { return Epoch.Add(time.Duration(n) * 1234567 * time.Microsecond) }
	return store.SellerChange{
		Settings: []store.SellerSetting{
			{
				Kind: store.SettingEndpoint, Name: "crm", Seller: Seller, ManagedBy: store.ManagedByFile, Document: `{"families":["saas_v2"]}`,
				CreatedAt: at(1), UpdatedAt: at(2),
			},
			{
				Kind: store.SettingProduct, Parent: "crm", Name: "商品-*", Seller: Seller, ManagedBy: store.ManagedByAPI, Document: `{"provisioner":"q"}`,
				CreatedAt: at(3), UpdatedAt: at(4),
			},
		},
		Keys: []store.SellerKey{{
			Seller: Seller, ID: "k1", Use: store.KeyBase, Owner: "crm", Rank: 3, Secret: []byte{0, 1, 254, 255}, Digest: "d1", Document: `{"name":"ci"}`,
			ManagedBy: store.ManagedByAPI, NotBefore: at(5), NotAfter: at(6), CreatedAt: at(7), UpdatedAt: at(8),
		}},
	}
}

func mustChangeSellers(t *testing.T, s store.Store, c store.SellerChange) int64 {
	t.Helper()
	revision, err := s.ChangeSellers(background(t), c)
	wantError(t, err, nil)
	return revision
}

func wantSellers(t *testing.T, s store.Store, want store.SellerRows) {
	t.Helper()
	got, err := s.Sellers(background(t))
	wantError(t, err, nil)
	wantEqual(t, "rows", got, want)
	revision, err := s.SellerRevision(background(t))
	wantError(t, err, nil)
	wantEqual(t, "revision", revision, want.Revision)
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
	whole.Version, whole.EndedAt = 1, Epoch
	wantFilled(t, "SellerSetting", reflect.ValueOf(whole))
	key := c.Keys[0]
	key.Version, key.EndedAt, key.LastUsedAt = 1, Epoch, Epoch
	wantFilled(t, "SellerKey", reflect.ValueOf(key))
	wantEqual(t, "revision", mustChangeSellers(t, s, c), 1)
	wantSellers(t, s, written(c))
}

func sellerPuts(t *testing.T, s store.Store) {
	c := fullSellerChange()
	mustChangeSellers(t, s, c)
	other := fullSellerChange()
	other.Revision = 1
	other.Settings = other.Settings[1:]
	x, k := &other.Settings[0], &other.Keys[0]
	x.Seller, x.ManagedBy, x.Document, x.CreatedAt, x.UpdatedAt = "other", store.ManagedByFile, `{}`, Epoch.Add(time.Hour), Epoch.Add(time.Hour)
	k.Use, k.Owner, k.Rank, k.Secret, k.Digest, k.Document, k.ManagedBy = store.KeyToken, "", 1, nil, "d2", `{}`, store.ManagedByFile
	k.NotBefore, k.NotAfter, k.CreatedAt, k.UpdatedAt = time.Time{}, time.Time{}, Epoch.Add(time.Hour), Epoch.Add(time.Hour)
	wantEqual(t, "revision", mustChangeSellers(t, s, other), 2)
	want := written(other)
	want.Settings[0].CreatedAt, want.Keys[0].CreatedAt = c.Settings[1].CreatedAt, c.Keys[0].CreatedAt
	untouched := written(c).Settings[0]
	want.Settings = append([]store.SellerSetting{untouched}, want.Settings...)
	wantSellers(t, s, want)

	ended := store.SellerChange{Revision: 2, Settings: other.Settings, Keys: other.Keys}
	ended.Settings[0].EndedAt, ended.Keys[0].EndedAt = Epoch, Epoch
	mustChangeSellers(t, s, ended)
	wantSellers(t, s, store.SellerRows{Revision: 3, Settings: []store.SellerSetting{untouched}})
}

func sellersAtOnce(t *testing.T, s store.Store) {
	errs := together(16, func(i int) error {
		c := fullSellerChange()
		c.Settings[0].Name = fmt.Sprint("e", i)
		_, err := s.ChangeSellers(background(t), c)
		return err
	})
	wantOneSuccess(t, errs, store.ErrStale)
	rows, err := s.Sellers(background(t))
	wantError(t, err, nil)
	if rows.Revision != 1 || len(rows.Settings) != 2 || len(rows.Keys) != 1 {
		t.Errorf("a change that came too late left something: %+v", rows)
	}
}

func sellerTokens(t *testing.T, s store.Store) {
	token := func(seller, id string, revision int64) store.SellerChange {
		return store.SellerChange{Revision: revision, Keys: []store.SellerKey{{Seller: seller, ID: id, Use: store.KeyToken, Digest: "d"}}}
	}
	mustChangeSellers(t, s, token(Seller, "a", 0))
	_, err := s.ChangeSellers(background(t), token("other", "b", 1))
	wantError(t, err, store.ErrConflict)
	wantSellers(t, s, written(token(Seller, "a", 0)))
	end := token(Seller, "a", 1)
	end.Keys[0].EndedAt = Epoch
	end.Keys = append(end.Keys, token("other", "b", 0).Keys...)
	mustChangeSellers(t, s, end)
	empty := store.SellerChange{Revision: 2} // keys without a digest do not exclude each other
	for i := range 2 {
		empty.Keys = append(empty.Keys, store.SellerKey{Seller: Seller, ID: fmt.Sprint(i), Use: store.KeyBase, Secret: []byte{1}})
	}
	mustChangeSellers(t, s, empty)
}

func keyUse(t *testing.T, s store.Store) {
	c := fullSellerChange()
	mustChangeSellers(t, s, c)
	want := written(c)
	for _, step := range []struct{ at, want int }{{60, 60}, {30, 60}, {90, 90}} {
		wantError(t, s.NoteKeyUse(background(t), []store.KeyUse{
			{Seller: Seller, ID: "k1", At: Epoch.Add(time.Duration(step.at) * time.Second)}, {Seller: "other", ID: "k1", At: Epoch},
		}), nil)
		want.Keys[0].LastUsedAt = Epoch.Add(time.Duration(step.want) * time.Second)
		wantSellers(t, s, want)
	}
	c.Revision = 1
	mustChangeSellers(t, s, c) // a change of the key does not forget its use
	want.Revision = 2
	want.Settings[0].Version, want.Settings[1].Version, want.Keys[0].Version = 2, 2, 2
	wantSellers(t, s, want)
}

func noBadSeller(t *testing.T, s store.Store) {
	for name, bad := range badTexts {
		c := fullSellerChange()
		spoil(reflect.ValueOf(&c), name, bad, func(path string) {
			if _, err := s.ChangeSellers(background(t), c); !errors.Is(err, store.ErrBadText) {
				t.Errorf("%s: %v", path, err)
			}
		})
		wantError(t, s.NoteKeyUse(background(t), []store.KeyUse{{Seller: bad, ID: "k1"}}), store.ErrBadText)
	}
	wantSellers(t, s, store.SellerRows{})
}

// sellersWake watches through one handle and changes through the other.
func sellersWake(t *testing.T, watching, changing store.Store) {
	wake, stop := watching.Watch(store.SellersTopic)
	defer stop()
	c := fullSellerChange()
	mustChangeSellers(t, changing, c)
	wantWake(t, "change", wake)
	wantSellers(t, watching, written(c))
}
