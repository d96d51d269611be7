// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"fmt"
	"strings"
)

// Kind is what went wrong, as far as it decides what a person is told.
type Kind string

// The kinds of faults.
const (
	// CodeRefused: the code was used before, is too old, or is none (400 invalid_grant). The user logs in again.
	CodeRefused Kind = "CODE_REFUSED"
	// RefreshRefused: the refresh_token does not count any more (400 invalid_grant). The user logs in again.
	RefreshRefused Kind = "REFRESH_REFUSED"
	// ClientMismatch: the code belongs to another client (invalid_client, Client ID mismatch).
	ClientMismatch Kind = "CLIENT_MISMATCH"
	// ClientRefused: client or secret are wrong, or were not decrypted (invalid_client, Bad client credentials).
	ClientRefused Kind = "CLIENT_REFUSED"
	// Forbidden: 403; domain, client and secret do not fit each other.
	Forbidden Kind = "FORBIDDEN"
	// TokenRefused: the access_token does not count (401 at userinfo).
	TokenRefused Kind = "TOKEN_REFUSED"
	// TicketRefused: INVALID_TICKET.
	TicketRefused Kind = "TICKET_REFUSED"
	// ServiceRefused: INVALID_SERVICE; the callback is not the registered one.
	ServiceRefused Kind = "SERVICE_REFUSED"
	// RequestRefused: the centre does not take the call as it is: INVALID_REQUEST, another 4xx.
	RequestRefused Kind = "REQUEST_REFUSED"
	// Busy: 5xx, 429 or INTERNAL_ERROR; it may go well later.
	Busy Kind = "BUSY"
	// Malformed: an answer that cannot be read, is too long, or lacks what it must have.
	Malformed Kind = "MALFORMED"
	// WrongTenant: the user is one of another tenant than the login was for.
	WrongTenant Kind = "WRONG_TENANT"
	// Address: the tenant's domain is none that may be called.
	Address Kind = "ADDRESS"
	// Timeout, TLS, Unreachable: no whole answer, and why.
	Timeout     Kind = "TIMEOUT"
	TLS         Kind = "TLS"
	Unreachable Kind = "UNREACHABLE"
)

// Fault is what went wrong with a call. It holds no code, ticket, token, secret or address.
type Fault struct {
	Kind   Kind
	Status int    // of the answer; 0 without one
	Code   string // the centre's own error, at most 64 printable ASCII characters
}

// Error implements error.
func (f *Fault) Error() string {
	text := "login centre: " + string(f.Kind)
	if f.Status != 0 {
		text += fmt.Sprintf(" (HTTP %d)", f.Status)
	}
	if f.Code != "" {
		text += ": " + f.Code
	}
	return text
}

// maxCode bounds a centre's error.
const maxCode = 64

// code is a centre's error, as far as it is a name and not a text.
func code(text string) string {
	if text == "" || len(text) > maxCode || strings.ContainsFunc(text, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '.' && r != '-'
	}) {
		return ""
	}
	return text
}

// broken is a fault of an answer.
func broken(kind Kind, status int, text string) error { return &Fault{kind, status, code(text)} }
