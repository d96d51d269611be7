// SPDX-License-Identifier: Apache-2.0

// Package contexts is which service a command asks and who it is there: by its flags, by the environment as package client reads it,
// or by a file of named services that koogate login writes. The token of a service is shown to that service and to no other.
package contexts
