// SPDX-License-Identifier: Apache-2.0

// Package world is what an authentication centre knows before anybody logs in: applications, tenants with their OAuth clients and
// departments, users and what they are authorised for. It is plain data, which [Read] reads strictly and [Example] makes up.
package world
