// SPDX-License-Identifier: Apache-2.0

// Package forward hands a call of the marketplace on to the server that served its endpoint before Koogate, and takes its answer (ADR 54). The call
// goes out as it came: method, query, body and the headers by which the family signs, so that the old server verifies it itself. It is
// sent once, never again by itself, and not through a redirect. Start at [Client.Do].
package forward
