// SPDX-License-Identifier: Apache-2.0

package wirejson

import "errors"

// What is wrong with a body. The texts are for the caller and repeat nothing of the body.
var (
	// ErrSyntax says that a body is not JSON.
	ErrSyntax = errors.New("the body is not valid JSON")
	// ErrObject says that a body is JSON but not an object.
	ErrObject = errors.New("the body is not a JSON object")
	// ErrMembers says that an object has more than 1024 members.
	ErrMembers = errors.New("an object has too many members")
	// ErrDepth says that a body is nested deeper than MaxDepth.
	ErrDepth = errors.New("the body is nested too deeply")
)

// FieldError says that a member has a value of a type that its field cannot take.
type FieldError struct {
	Field string // the wire's name
	Msg   string
}

// Error implements error.
func (e *FieldError) Error() string { return e.Field + ": " + e.Msg }
