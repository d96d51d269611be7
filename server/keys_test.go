// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/clock"
)

// TestAKeyIsRotatedUnderTraffic: a key is added, calls are signed with both, the old one is retired, brought back, retired and deleted, all over
// the API, and no call that is signed with a key that counts is refused. The status says what the old one is for at each step.
func TestAKeyIsRotatedUnderTraffic(t *testing.T) {
	r := start(t)
	keys := koogatev1.NewKeyServiceClient(r.dial(keysToken))
	create := func() (id, secret string) {
		t.Helper()
		made, err := keys.CreateKey(t.Context(), &koogatev1.CreateKeyRequest{Endpoint: "linked", Purpose: koogatev1.KeyPurpose_KEY_PURPOSE_BASE})
		if err != nil || len(made.GetSecret()) != 52 {
			t.Fatalf("%d characters, %v", len(made.GetSecret()), err)
		}
		return made.GetKey().GetKeyId(), made.GetSecret()
	}
	retire := func(id string) {
		t.Helper()
		if _, err := keys.RetireKey(t.Context(), &koogatev1.RetireKeyRequest{KeyId: id}); err != nil {
			t.Fatal(err)
		}
	}
	verdict := func(id string) koogatev1.KeyVerdict {
		t.Helper()
		got, err := keys.GetKeyStatus(t.Context(), &koogatev1.GetKeyStatusRequest{Endpoint: "linked"})
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range got.GetKeys() {
			if k.GetKey().GetKeyId() == id {
				return k.GetVerdict()
			}
		}
		return 0
	}
	ask := func(secret string) string {
		a, err := r.callWith(secret, "linked", map[string]string{"activity": "queryInstance", "instanceId": "none"})
		if err != nil {
			return err.Error()
		}
		return a.ResultCode
	}
	old, oldSecret := create()
	var signing, second atomic.Pointer[string]
	signing.Store(&oldSecret)
	second.Store(&oldSecret)
	var answered, refused atomic.Int64
	over := make(chan struct{})
	var load sync.WaitGroup
	for n := range 4 {
		from := &signing
		if n%2 > 0 {
			from = &second
		}
		load.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
				}
				if code := ask(*from.Load()); code == "000001" || code == "000002" {
					refused.Add(1)
				} else {
					answered.Add(1)
				}
				_ = clock.Sleep(t.Context(), clock.System{}, 2*time.Millisecond)
			}
		})
	}
	until := func(calls int64) {
		t.Helper()
		before := answered.Load()
		eventually(t, "calls", func() bool { return answered.Load() >= before+calls })
	}
	until(20)
	if got := verdict(old); got != koogatev1.KeyVerdict_KEY_VERDICT_IN_USE {
		t.Errorf("the old key: %v", got)
	}
	added, newSecret := create()
	if got := verdict(added); got != koogatev1.KeyVerdict_KEY_VERDICT_UNUSED {
		t.Errorf("the new key: %v", got)
	}
	second.Store(&newSecret) // half of the calls are signed with each
	until(40)
	signing.Store(&newSecret)
	until(40) // none is under way with the old key any more
	if old, added := verdict(old), verdict(added); old != koogatev1.KeyVerdict_KEY_VERDICT_MAY_REPEAT || added != koogatev1.KeyVerdict_KEY_VERDICT_IN_USE {
		t.Errorf("the old key: %v, the new one: %v", old, added)
	}
	retire(old)
	until(20)
	if code := ask(oldSecret); code != "000001" {
		t.Errorf("the retired key: %s", code)
	}
	later := time.Now().Add(time.Hour)
	if _, err := keys.RetireKey(t.Context(), &koogatev1.RetireKeyRequest{KeyId: old, EndTime: timestamppb.New(later)}); err != nil || ask(oldSecret) == "000001" {
		t.Errorf("the old key did not come back: %v", err)
	}
	retire(old)
	if _, err := keys.DeleteKey(t.Context(), &koogatev1.DeleteKeyRequest{KeyId: old}); err != nil || verdict(old) != 0 {
		t.Errorf("the old key is not deleted: %v", err)
	}
	until(20)
	close(over)
	load.Wait()
	t.Logf("%d calls answered, %d refused", answered.Load(), refused.Load())
	if refused.Load() > 0 {
		t.Errorf("%d calls refused", refused.Load())
	}
}
