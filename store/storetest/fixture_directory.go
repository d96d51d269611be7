// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"fmt"
	"time"

	"github.com/koogate/koogate/store"
)

// FullList is a full list of a tenant's departments, n of them, that ends the others: the calls of different ages know
// different halves. The Kit's greatest has 20,000.
func FullList(n, age int) *store.Change {
	stamp := store.Stamp{At: Epoch.Add(time.Duration(age) * time.Second)}
	c := &store.DirectoryChange{
		Key: store.TenantKey{Seller: Seller, InstanceID: "inst-CS1", TenantID: "tenant-1"}, Now: Epoch.Add(48 * time.Hour), Floor: stamp,
	}
	for i := range n {
		c.Departments = append(c.Departments, store.Department{OrgCode: fmt.Sprint("org-", i+age*n/2), Name: "n", Stamp: stamp})
	}
	return &store.Change{Directory: c}
}
