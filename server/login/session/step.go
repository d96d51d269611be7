// SPDX-License-Identifier: Apache-2.0

package session

import (
	"encoding/json"
	"time"

	"github.com/koogate/koogate/store"
)

// StepName is one thing that happens in a login, in the order of their happening.
type StepName string

// The names of steps. What only one entrance or protocol has is left out by the others.
const (
	StepBegun     StepName = "BEGUN"       // somebody came to the login
	StepSent      StepName = "SENT"        // the browser was sent to the authentication centre
	StepCallback  StepName = "CALLBACK"    // it came back with a code or a ticket
	StepTenant    StepName = "TENANT"      // the tenant, its domain and its client are known
	StepToken     StepName = "TOKEN"       // the code was exchanged
	StepPerson    StepName = "PERSON"      // the centre has said who it is
	StepRight     StepName = "RIGHT"       // the directory lets the person in
	StepAsked     StepName = "ASKED"       // the person was asked whether to go on
	StepConfirmed StepName = "CONFIRMED"   // and has agreed
	StepSession   StepName = "SESSION"     // there is a session
	StepLed       StepName = "LED"         // the browser was led to the app
	StepTold      StepName = "PERSON_TOLD" // the app has asked who it is, and was told
)

// Step is one thing that has happened. It holds nothing secret and nothing personal.
type Step struct {
	Name  StepName  `json:"name"`
	At    time.Time `json:"at"`
	Fault string    `json:"fault,omitempty"` // why it went wrong, a word of the program; empty when it went well
	Said  string    `json:"said,omitempty"`  // the centre's own error, or an HTTP status; empty for none
	Host  string    `json:"host,omitempty"`  // of the tenant's domain, where it matters
}

// maxSteps bounds the steps of a request: those of a person who reloads pages are dropped.
const maxSteps = 40

// Steps reads the steps of a request. What cannot be read is no step.
func Steps(r *store.LoginRequest) (list []Step) {
	if len(r.Steps) > 0 && json.Unmarshal(r.Steps, &list) != nil {
		return nil
	}
	return list
}

// Note adds steps to a request.
func Note(r *store.LoginRequest, steps ...Step) {
	list := Steps(r)
	for _, s := range steps {
		if len(list) < maxSteps {
			list = append(list, s)
		}
	}
	if text, err := json.Marshal(list); err == nil {
		r.Steps = text
	}
}
