// SPDX-License-Identifier: Apache-2.0

package authcentre

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/koogate/koogate/koogallery/authcentre/conduct"
)

// Fault is something that goes wrong because somebody wants it to.
type Fault struct {
	ID       int           `json:"id"`
	Kind     string        `json:"kind"`               // one of FaultKinds
	TenantID string        `json:"tenantId,omitempty"` // empty for all
	Point    conduct.Point `json:"point,omitempty"`    // empty for every point at which the kind can be
	Times    int           `json:"times,omitempty"`    // how often; 0 until it is cleared
	Every    int           `json:"every,omitempty"`    // 2 for every second call, and so on

	Delay       string `json:"delay,omitempty"`       // of slow: a duration to 10 minutes; 10s if empty
	Status      int    `json:"status,omitempty"`      // of answer
	ContentType string `json:"contentType,omitempty"` // of answer
	Body        string `json:"body,omitempty"`        // of answer

	Met int `json:"met"` // calls that it has met
	saw int
}

// Bounds of faults.
const (
	maxFaults = 100
	maxDelay  = 10 * time.Minute
	hugeBody  = 16 << 20
)

// kind is a kind of fault.
type kind struct {
	points []conduct.Point // where it can be; none for everywhere
	about  string
	answer func(q conduct.Point) *answer // instead of the handler's
	alter  func(e *effect, f *Fault)
}

var (
	atToken    = []conduct.Point{conduct.PointToken, conduct.PointRefresh}
	atUserinfo = []conduct.Point{conduct.PointUserinfo}
	atValidate = []conduct.Point{conduct.PointValidate}
)

// said is an answer in the documents' own words.
func said(status int, code, description string) func(conduct.Point) *answer {
	return func(conduct.Point) *answer {
		a := object(status, failure{code, description})
		return &a
	}
}

func ticketSaid(code string) func(e *effect, _ *Fault) {
	return func(e *effect, _ *Fault) { e.ticket = code }
}

// kinds are all, by name.
func kinds() map[string]kind {
	return map[string]kind{
		"invalid-code":          {atToken[:1], "400 invalid_grant, Invalid authorization code", said(400, "invalid_grant", invalidCode), nil},
		"invalid-refresh-token": {atToken[1:], "400 invalid_grant, Invalid refresh token", said(400, "invalid_grant", invalidRefresh), nil},
		"client-mismatch":       {atToken, "invalid_client, Client ID mismatch", said(401, "invalid_client", clientMismatch), nil},
		"bad-client":            {atToken, "invalid_client, Bad client credentials", said(401, "invalid_client", badClient), nil},
		"forbidden":             {atToken, "403", said(403, "access_denied", "Forbidden"), nil},
		"unauthorized":          {atUserinfo, "401 unauthorized", said(401, "unauthorized", fullAuthentication), nil},
		"invalid-ticket":        {atValidate, "INVALID_TICKET", nil, ticketSaid("INVALID_TICKET")},
		"invalid-service":       {atValidate, "INVALID_SERVICE", nil, ticketSaid("INVALID_SERVICE")},
		"invalid-request":       {atValidate, "INVALID_REQUEST", nil, ticketSaid("INVALID_REQUEST")},
		"internal-error":        {atValidate, "INTERNAL_ERROR", nil, ticketSaid("INTERNAL_ERROR")},
		"expires-in-string":     {atToken, "expires_in is a string", nil, func(e *effect, _ *Fault) { e.expiresString = true }},
		"no-refresh-token":      {atToken, "no refresh_token", nil, func(e *effect, _ *Fault) { e.noRefresh = true }},
		"plain-userinfo":        {atUserinfo, "five fields only", nil, func(e *effect, _ *Fault) { e.plain = true }},
		"slow": {nil, "the answer takes its time", nil, func(e *effect, f *Fault) {
			e.delay, _ = time.ParseDuration(cmp.Or(f.Delay, "10s")) // SetFault has read it
		}},
		"unavailable": {nil, "503 without JSON", func(conduct.Point) *answer {
			return &answer{status: http.StatusServiceUnavailable, kind: htmlKind, body: []byte("<html><body><h1>503 Service Temporarily Unavailable</h1></body></html>")}
		}, nil},
		"cut":          {nil, "the call is carried out and its answer lost half-way", nil, func(e *effect, _ *Fault) { e.cut = true }},
		"content-type": {nil, "the right answer as text/html", nil, func(e *effect, _ *Fault) { e.contentType = "text/html;charset=UTF-8" }},
		"huge":         {nil, "the right answer with 16 MiB of blanks behind it", nil, func(e *effect, _ *Fault) { e.huge = true }},
		"answer":       {nil, "an answer of your own: status, contentType, body", nil, nil},
	}
}

// FaultKinds are the kinds of faults with what they do.
func FaultKinds() map[string]string {
	all := make(map[string]string)
	for name, k := range kinds() {
		all[name] = k.about
	}
	return all
}

// SetFault makes something go wrong, and returns the fault with its id. Errors: ErrConfig, ErrUnknown for a tenant.
func (c *Centre) SetFault(f Fault) (Fault, error) {
	k, ok := kinds()[f.Kind]
	if !ok {
		return f, fmt.Errorf("%w: kind is none of %v", ErrConfig, slices.Sorted(maps.Keys(kinds())))
	}
	if f.Point != "" && (k.points != nil && !slices.Contains(k.points, f.Point) || !slices.Contains(points, f.Point)) {
		return f, fmt.Errorf("%w: %s cannot be at point %q", ErrConfig, f.Kind, f.Point)
	}
	if d, err := time.ParseDuration(cmp.Or(f.Delay, "10s")); err != nil || d <= 0 || d > maxDelay {
		return f, fmt.Errorf("%w: delay is a duration such as 10s, to 10m", ErrConfig)
	}
	if f.Times < 0 || f.Every < 0 {
		return f, fmt.Errorf("%w: times and every are not below 0", ErrConfig)
	}
	if f.Kind == "answer" && (f.Status < 200 || f.Status > 599 || len(f.Body) > maxBody || len(f.ContentType) > 255) {
		return f, fmt.Errorf("%w: answer has a status of 200 to 599 and a body to 64 KiB", ErrConfig)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if f.TenantID != "" && c.tenant(f.TenantID) == nil {
		return f, fmt.Errorf("%w: tenantId %q", ErrUnknown, f.TenantID)
	}
	if len(c.faults) >= maxFaults {
		return f, fmt.Errorf("%w: there are %d faults already", ErrConfig, maxFaults)
	}
	c.lastFault++
	f.ID, f.Met, f.saw = c.lastFault, 0, 0
	c.faults = append(c.faults, &f)
	return f, nil
}

// points are those at which faults can be.
var points = []conduct.Point{
	conduct.PointPage, conduct.PointWorkbench, conduct.PointLogin, conduct.PointAuthorize, conduct.PointToken, conduct.PointRefresh, conduct.PointUserinfo,
	conduct.PointLogout, conduct.PointCASLogin, conduct.PointValidate,
}

// Faults returns those that are set.
func (c *Centre) Faults() []Fault {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := make([]Fault, len(c.faults))
	for i, f := range c.faults {
		list[i] = *f
	}
	return list
}

// ClearFault ends a fault; 0 ends all. Errors: ErrFault.
func (c *Centre) ClearFault(id int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	before := len(c.faults)
	c.faults = slices.DeleteFunc(c.faults, func(f *Fault) bool { return id == 0 || f.ID == id })
	if id != 0 && len(c.faults) == before {
		return fmt.Errorf("%w: %d", ErrFault, id)
	}
	return nil
}

// effect is what faults do to one call.
type effect struct {
	kinds       []string
	answer      *answer // instead of the handler's
	delay       time.Duration
	contentType string
	ticket      string // the code of a failed validation
	cut, huge   bool
	noRefresh   bool
	plain       bool

	expiresString bool
}

// takeFaults returns what the faults do to a call at a point. The lock is held.
func (c *Centre) takeFaults(tenantID string, at conduct.Point) effect {
	var e effect
	for _, f := range c.faults {
		k := kinds()[f.Kind]
		if f.TenantID != "" && f.TenantID != tenantID || f.Point != "" && f.Point != at || k.points != nil && !slices.Contains(k.points, at) || !slices.Contains(points, at) {
			continue
		}
		f.saw++
		if f.Times > 0 && f.Met >= f.Times || f.Every > 1 && f.saw%f.Every != 0 {
			continue
		}
		f.Met++
		e.kinds = append(e.kinds, f.Kind)
		switch {
		case f.Kind == "answer":
			e.answer = &answer{status: f.Status, kind: cmp.Or(f.ContentType, jsonKind), body: []byte(f.Body)}
		case k.answer != nil:
			e.answer = k.answer(at)
		default:
			k.alter(&e, f)
		}
	}
	return e
}

// alter changes an answer.
func (e *effect) alter(a *answer) {
	if e.contentType != "" && a.location == "" {
		a.kind = e.contentType
	}
}
