// SPDX-License-Identifier: Apache-2.0

package conduct

import (
	"slices"
	"sync"
	"time"

	"github.com/koogate/koogate/koogallery/checker/rule"
)

// Point is where something happened.
type Point string

// The points of a login.
const (
	PointPage      Point = "page"      // the unified login page, and a password given to it
	PointWorkbench Point = "workbench" // a tile
	PointLogin     Point = "login"     // the login page of a tenant
	PointAuthorize Point = "authorize"
	PointToken     Point = "token"
	PointRefresh   Point = "refresh"
	PointUserinfo  Point = "userinfo"
	PointLogout    Point = "logout"
	PointCASLogin  Point = "cas-login"
	PointValidate  Point = "validate"
	PointOther     Point = "other" // an address that does not exist
)

// Entrance is how a login began.
type Entrance string

// The entrances.
const (
	ByPage        Entrance = "page"        // the seller's page leads to the unified login page
	ByWorkbench   Entrance = "workbench"   // a click on a tile
	ByApplication Entrance = "application" // the seller asks authorize or CAS's login itself
)

// State is how far a login has come.
type State string

// The states of a login.
const (
	Begun    State = "BEGUN"    // the user has not shown who it is
	Granted  State = "GRANTED"  // a code or a ticket is on its way
	Token    State = "TOKEN"    // there is a token, nobody has asked whose
	Complete State = "COMPLETE" // the seller knows who it is
	Refused  State = "REFUSED"  // the centre has not let the user in, or the seller's call has failed
	Unused   State = "UNUSED"   // the code or the ticket has ended unused
	Ended    State = "ENDED"    // logged out
)

// Step is one thing that happened.
type Step struct {
	At       time.Time `json:"at"`
	Login    int64     `json:"login,omitempty"` // 0: nobody knows to which it belongs
	Point    Point     `json:"point"`
	TenantID string    `json:"tenantId,omitempty"`
	AppID    string    `json:"appId,omitempty"`
	UserName string    `json:"userName,omitempty"`
	Method   string    `json:"method"`
	Status   int       `json:"status"` // 0: the connection was cut
	Error    string    `json:"error,omitempty"`
	Said     string    `json:"said,omitempty"`  // in a few words, without secrets
	Fault    string    `json:"fault,omitempty"` // the kind of fault that was wanted here
}

// Finding is a rule that was broken. What is broken again in the same login, or outside of logins at the same tenant, is counted.
type Finding struct {
	At       time.Time     `json:"at"` // the first time
	Rule     string        `json:"rule"`
	Severity rule.Severity `json:"severity"`
	Login    int64         `json:"login,omitempty"`
	TenantID string        `json:"tenantId,omitempty"`
	Times    int           `json:"times"`
	Seen     rule.Text     `json:"seen"` // what was seen, without secrets
	Sentence rule.Text     `json:"sentence"`
	Remedy   rule.Text     `json:"remedy"`
	Source   []string      `json:"source"`
}

// Login is one login of one user.
type Login struct {
	ID       int64     `json:"id"`
	Entrance Entrance  `json:"entrance"`
	State    State     `json:"state"`
	Started  time.Time `json:"started"`
	TenantID string    `json:"tenantId,omitempty"`
	AppID    string    `json:"appId,omitempty"`
	UserName string    `json:"userName,omitempty"`
	Steps    []Step    `json:"steps"` // the first 50
	Findings []Finding `json:"findings"`
	LeftOut  int       `json:"stepsLeftOut,omitempty"`
}

// Event is one line for whoever follows: a step or a finding.
type Event struct {
	Seq     int64    `json:"seq"`
	Step    *Step    `json:"step,omitempty"`
	Finding *Finding `json:"finding,omitempty"`
}

// Bounds of a journal.
const (
	MaxLogins   = 1000
	maxSteps    = 50
	maxFindings = 1000
	maxEvents   = 4000
)

// Journal remembers logins and findings, the newest of each. It is safe for concurrent use. The zero value is empty and ready.
type Journal struct {
	mu       sync.Mutex
	next     int64
	seq      int64
	logins   []*Login
	findings []*Finding
	events   []Event
	changed  chan struct{}
}

// Begin opens a login and returns its id.
func (j *Journal) Begin(at time.Time, by Entrance, tenantID, appID string) int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.next++
	j.logins = newest(append(j.logins, &Login{ID: j.next, Entrance: by, State: Begun, Started: at, TenantID: tenantID, AppID: appID}), MaxLogins)
	return j.next
}

// newest cuts a list to its last elements.
func newest[E any](list []E, most int) []E {
	if len(list) <= most {
		return list
	}
	return slices.Delete(list, 0, len(list)-most)
}

// login finds a login. The lock is held.
func (j *Journal) login(id int64) *Login {
	i, ok := slices.BinarySearchFunc(j.logins, id, func(l *Login, id int64) int { return int(l.ID - id) })
	if !ok {
		return nil
	}
	return j.logins[i]
}

// Add notes a step, and the state that its login has then unless it is empty.
func (j *Journal) Add(s Step, then State) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if l := j.login(s.Login); l != nil {
		if len(l.Steps) < maxSteps {
			l.Steps = append(l.Steps, s)
		} else {
			l.LeftOut++
		}
		if s.TenantID != "" && l.TenantID == "" {
			l.TenantID = s.TenantID
		}
		if s.UserName != "" {
			l.UserName = s.UserName
		}
		if then != "" {
			l.State = then
		}
	}
	j.tell(Event{Step: &s})
}

// Break notes that a rule was broken.
func (j *Journal) Break(at time.Time, id string, login int64, tenantID string, seen rule.Text) {
	r, _ := Find(id)
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, f := range j.findings {
		if f.Rule == id && f.Login == login && f.TenantID == tenantID {
			f.Times++
			return
		}
	}
	f := &Finding{at, id, r.Severity, login, tenantID, 1, seen, r.Sentence, r.Remedy, r.Source}
	j.findings = newest(append(j.findings, f), maxFindings)
	told := *f
	j.tell(Event{Finding: &told})
}

// tell appends an event. The lock is held.
func (j *Journal) tell(e Event) {
	j.seq++
	e.Seq = j.seq
	j.events = newest(append(j.events, e), maxEvents)
	if j.changed != nil {
		close(j.changed)
		j.changed = nil
	}
}

// Settle changes the state of a login without a step.
func (j *Journal) Settle(login int64, then State) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if l := j.login(login); l != nil {
		l.State = then
	}
}

// Logins returns the newest logins, the newest first, at most limit.
func (j *Journal) Logins(limit int) []Login {
	j.mu.Lock()
	defer j.mu.Unlock()
	list := make([]Login, 0, max(0, min(limit, len(j.logins))))
	for _, l := range slices.Backward(j.logins) {
		if len(list) == cap(list) {
			break
		}
		list = append(list, j.copy(l))
	}
	return list
}

// Login returns one login.
func (j *Journal) Login(id int64) (Login, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	l := j.login(id)
	if l == nil {
		return Login{}, false
	}
	return j.copy(l), true
}

// copy is a login with its findings. The lock is held.
func (j *Journal) copy(l *Login) Login {
	c := *l
	c.Steps, c.Findings = slices.Clone(l.Steps), []Finding{}
	for _, f := range j.findings {
		if f.Login == l.ID {
			c.Findings = append(c.Findings, *f)
		}
	}
	return c
}

// Findings returns what broke a rule, the newest first, at most limit.
func (j *Journal) Findings(limit int) []Finding {
	j.mu.Lock()
	defer j.mu.Unlock()
	list := make([]Finding, 0, max(0, min(limit, len(j.findings))))
	for _, f := range slices.Backward(j.findings) {
		if len(list) == cap(list) {
			break
		}
		list = append(list, *f)
	}
	return list
}

// Events returns the events behind after, the oldest first, and how many of them are forgotten already. changed is closed by the next event.
func (j *Journal) Events(after int64) (list []Event, lost int64, changed <-chan struct{}) {
	j.mu.Lock()
	defer j.mu.Unlock()
	i, _ := slices.BinarySearchFunc(j.events, after+1, func(e Event, seq int64) int { return int(e.Seq - seq) })
	if i < len(j.events) {
		lost = max(0, j.events[i].Seq-after-1)
	}
	if j.changed == nil {
		j.changed = make(chan struct{})
	}
	return slices.Clone(j.events[i:]), lost, j.changed
}

// Reset forgets logins and findings. Numbers go on, so that whoever follows loses nothing.
func (j *Journal) Reset() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.logins, j.findings = nil, nil
}
