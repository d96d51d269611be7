// SPDX-License-Identifier: Apache-2.0

package fulfil

import (
	"crypto/sha256"

	"github.com/google/uuid"

	"github.com/koogate/koogate/koogallery/resultcode"
)

// Twin answers debugging calls (testFlag 1) of an endpoint. The marketplace replays saved cases twice a day for as long
// as a product is on sale, always with the same IDs and in any order (saas-v2 §8.2), so the twin keeps no state at all:
// it computes every answer from the call. It never reaches a provisioner, a store or a bill.
type Twin struct{ Endpoint *Endpoint }

// NewInstance answers with an instance ID that depends on the order line only.
func (t Twin) NewInstance(orderID, orderLineID, productID string) Answer {
	h := sha256.Sum256([]byte("koogate/twin\x00" + LockKey(t.Endpoint.Seller, orderID, orderLineID, productID)))
	id, err := uuid.FromBytes(h[:16])
	if err != nil { // sixteen bytes always fit
		panic(err)
	}
	return Answer{Code: resultcode.Success, InstanceID: id.String()}
}

// QueryInstance shows made-up access information for every ID asked for. Errors: INVALID_FIELD as in production.
func (t Twin) QueryInstance(list string) (Answer, []Shown, error) {
	ids, err := SplitIDs(list)
	if err != nil {
		return Answer{}, nil, err
	}
	shown := make([]Shown, len(ids))
	for i, id := range ids {
		shown[i] = Shown{InstanceID: id, Access: Access{
			FrontEndURL: "https://debug.invalid/", UserName: "debug", Password: "debug", Memo: "debugging call; no instance behind it",
		}}
	}
	return Answer{Code: resultcode.Success}, shown, nil
}

// Done answers every other activity.
func (t Twin) Done() Answer { return Answer{Code: resultcode.Success} }
