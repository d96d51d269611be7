// SPDX-License-Identifier: Apache-2.0

package store

import "context"

// Sealed finds sealed values and replaces them.
type Sealed interface {
	// SealedValues returns at most limit values of a column, in the order of its key, after a key; nil for the first.
	SealedValues(ctx context.Context, c SealedColumn, after []any, limit int) ([]SealedValue, error)
	// Reseal replaces values, each only if it is still the old one, and returns how many it replaced.
	Reseal(ctx context.Context, c SealedColumn, values []Resealed) (int, error)
}

// SealedColumn is a column that holds sealed values. Name is TABLE.COLUMN.
type SealedColumn struct {
	Table, Column string
	Key           []string // the columns of the primary key
	Also          []string // columns that tell what a value is bound to
}

// SealedColumns are all columns that hold sealed values. What is sealed in a new one must be added here, or its key never retires.
var SealedColumns = []SealedColumn{
	{Table: "orders", Column: "buyer", Key: []string{"seller", "order_id"}},
	{Table: "order_lines", Column: "extra", Key: []string{"seller", "order_id", "order_line_id", "product_id", "action"}},
	{Table: "order_lines", Column: "input", Key: []string{"seller", "order_id", "order_line_id", "product_id", "action"}},
	{Table: "order_lines", Column: "result", Key: []string{"seller", "order_id", "order_line_id", "product_id", "action"}},
	{Table: "instances", Column: "access", Key: []string{"seller", "instance_id"}},
	{Table: "applications", Column: "client_secret", Key: []string{"seller", "instance_id", "tenant_id", "app_id"}, Also: []string{"id"}},
	{Table: "users", Column: "profile", Key: []string{"seller", "instance_id", "tenant_id", "app_id", "user_name"}, Also: []string{"id"}},
	{Table: "licence_codes", Column: "code", Key: []string{"seller", "hash"}},
	{Table: "seller_keys", Column: "secret", Key: []string{"seller", "key_id"}},
	{Table: "webhooks", Column: "secret", Key: []string{"seller", "webhook_id"}},
	{Table: "webhooks", Column: "older_secret", Key: []string{"seller", "webhook_id"}},
	{Table: "login_applications", Column: "test", Key: []string{"app_id"}},
	{Table: "login_requests", Column: "held", Key: []string{"id"}},
	{Table: "login_sessions", Column: "upstream", Key: []string{"id"}},
	{Table: "login_keys", Column: "private", Key: []string{"number"}},
	{Table: "call_bodies", Column: "sealed", Key: []string{"seller", "created_at", "id"}},
	{Table: "events", Column: "sealed", Key: []string{"seller", "order_id", "seq"}, Also: []string{"kind", "instance_id", "data"}},
}

// Name is TABLE.COLUMN.
func (c SealedColumn) Name() string { return c.Table + "." + c.Column }

// SealedWhere is the condition for rows that hold a sealed value. Earlier releases sealed inside the data of events: such an event
// has a value even while its column is NULL.
func (c SealedColumn) SealedWhere() string {
	if c.Table == "events" {
		return `(sealed IS NOT NULL OR data LIKE '%"extraSealed":"%')`
	}
	return c.Column + " IS NOT NULL"
}

// SealedValue is one sealed value.
type SealedValue struct {
	Key  []any    // of the columns of SealedColumn.Key: string or int64
	Also []string // of those of SealedColumn.Also
	Text []byte   // nil for an event whose value is in its data
}

// Resealed replaces a sealed value.
type Resealed struct {
	Key      []any
	Old, New []byte
}

// Altered describes values of a column that are sealed anew, for the audit. They may be of several sellers, so the audit row
// belongs to none. Sealed texts are digested.
func (c SealedColumn) Altered(values []Resealed) Altered {
	before, after := make([][]byte, len(values)), make([][]byte, len(values))
	for i, v := range values {
		before[i], after[i] = v.Old, v.New
	}
	return Altered{Resources: map[string][]string{"column": {c.Name()}}, Before: Digest(before), After: Digest(after)}
}
