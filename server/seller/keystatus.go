// SPDX-License-Identifier: Apache-2.0

package seller

import (
	"context"
	"slices"
	"time"

	"github.com/koogate/koogate/koogallery/deadline"
	"github.com/koogate/koogate/store"
)

// KeyVerdict says whether a key may go.
type KeyVerdict string

// What is said of a key.
const (
	// KeyIsLast: it is the only one that counts. Create another first.
	KeyIsLast KeyVerdict = "LAST"
	// KeyInUse: the marketplace signs with it: of all keys that count it verified a call last.
	KeyInUse KeyVerdict = "IN_USE"
	// KeyUnused: no call was ever verified with it. It is the next one, or nobody needs it.
	KeyUnused KeyVerdict = "UNUSED"
	// KeyMayRepeat: calls are signed with another key, but one that was signed with this key could still be repeated.
	KeyMayRepeat KeyVerdict = "MAY_REPEAT"
	// KeySafe: calls are signed with another key, and what was signed with this one is not repeated any more.
	KeySafe KeyVerdict = "SAFE"
	// KeyUntracked: it decrypts, and that is not written down.
	KeyUntracked KeyVerdict = "UNTRACKED"
)

// KeyStatus is a key with what is said of it.
type KeyStatus struct {
	EndpointKey
	Verdict KeyVerdict
	SafeAt  time.Time // from when on the key may go if no further call is signed with it; zero while that cannot be said
}

// useKnown is how long after a use every replica knows of it at the latest: it is remembered to within a minute, and written down once a minute.
const useKnown = 2 * useEvery

// KeyStatus tells of each key of an endpoint what it is used for and whether it may go. Errors: SETTING_NOT_FOUND, STORE_UNAVAILABLE.
func (k *Keeper) KeyStatus(ctx context.Context, seller, endpoint string) ([]KeyStatus, error) {
	st, err := k.rows(ctx)
	if err != nil {
		return nil, err
	}
	if err := st.endpoint(seller, endpoint); err != nil {
		return nil, err
	}
	return st.keyStatus(seller, endpoint, k.Clock.Now(), k.uses.last)
}

// StoredKeyStatus is [Keeper.KeyStatus] for a command beside the service, of all endpoints of a seller; it opens no secret.
func StoredKeyStatus(ctx context.Context, s store.Sellers, seller string, now time.Time) (list []KeyStatus, err error) {
	rows, err := s.Sellers(ctx)
	if err != nil {
		return nil, err
	}
	st := stateOf(rows, nil)
	for _, e := range st.of(store.SettingEndpoint) {
		if e.Seller != seller {
			continue
		}
		some, err := st.keyStatus(seller, e.Name, now, func(string, string) time.Time { return time.Time{} })
		if err != nil {
			return nil, err
		}
		list = append(list, some...)
	}
	return list, nil
}

func (st *state) keyStatus(seller, endpoint string, now time.Time, used func(seller, id string) time.Time) (list []KeyStatus, err error) {
	e, err := read[Endpoint](st.settings[settingKey{kind: store.SettingEndpoint, name: endpoint}])
	if err != nil {
		return nil, err
	}
	patience := patienceWith(e.Families)
	for _, use := range Purposes() {
		var keys []EndpointKey
		for _, x := range st.group(seller, endpoint, use) {
			keys = append(keys, x.show(now, used))
		}
		for _, x := range keys {
			s := KeyStatus{EndpointKey: x}
			s.judge(keys, now, patience)
			list = append(list, s)
		}
	}
	return list, nil
}

// judge finds what is to be said of a key among those of its endpoint and purpose.
func (s *KeyStatus) judge(keys []EndpointKey, now time.Time, patience time.Duration) {
	others := slices.DeleteFunc(slices.Clone(keys), func(x EndpointKey) bool { return x.ID == s.ID || x.State != KeyActive })
	later := slices.ContainsFunc(others, func(x EndpointKey) bool { return x.LastUsedAt.After(s.LastUsedAt) })
	if s.Use != store.KeyKitPrivate && !s.LastUsedAt.IsZero() && later {
		s.SafeAt = s.LastUsedAt.Add(patience + useKnown)
	}
	switch {
	case s.State == KeyActive && len(others) == 0:
		s.Verdict = KeyIsLast
	case s.Use == store.KeyKitPrivate:
		s.Verdict = KeyUntracked
	case s.LastUsedAt.IsZero():
		s.Verdict = KeyUnused
	case !later:
		s.Verdict = KeyInUse
	case now.Before(s.SafeAt):
		s.Verdict = KeyMayRepeat
	default:
		s.Verdict = KeySafe
	}
}

// patienceWith is how long at most the marketplace repeats a call of one of the families.
func patienceWith(families []string) (longest time.Duration) {
	if len(families) == 0 {
		families = []string{string(deadline.SaasV2)}
	}
	for _, r := range deadline.Rules() {
		if slices.Contains(families, string(r.Family)) {
			longest = max(longest, r.Window)
		}
	}
	return longest
}
