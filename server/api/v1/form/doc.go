// SPDX-License-Identifier: Apache-2.0

// Package form converts what is sold through between koogate.v1 and package seller, and changes settings by a mask. It judges nothing but
// whether a value can be read: which settings are valid is told by the rules of the configuration file.
package form
