// SPDX-License-Identifier: Apache-2.0

package ending

import (
	"hash/fnv"
	"net/http"
	"time"

	"github.com/koogate/koogate/server/outbound"
	"github.com/koogate/koogate/server/work"
	"github.com/koogate/koogate/store"
)

// Fault is why an application was not told. A logout keeps its last one.
type Fault string

// The faults.
const (
	FaultStatus       Fault = "HTTP_STATUS"        // an answer that is no success
	FaultRefused      Fault = "REFUSED"            // an answer 400: the application has no use for the token (Back-Channel Logout §2.8)
	FaultRefusedTwice Fault = "REFUSED_TWICE"      // and again, one after the other; the third time it is given up
	FaultRedirect     Fault = outbound.Redirect    // an answer 3xx, which is not followed
	FaultTimeout      Fault = outbound.Timeout     // no whole answer in time
	FaultUnreachable  Fault = outbound.Unreachable // no connection, no such name, or one that broke
	FaultTLS          Fault = outbound.TLS         // a certificate that does not hold, or no TLS
	FaultForbidden    Fault = outbound.Forbidden   // an address that is not allowed
	FaultNoAddress    Fault = "NO_ADDRESS"         // the application is gone, or wants to be told of no logouts any more
)

// Window is for how long an application is tried to be told, from the first attempt.
const Window = 24 * time.Hour

// The pauses between attempts: 1 s, 2 s … up to a minute, so that an application that was away is told within a minute of its return. To
// each up to a fifth is added, so that what failed together does not come back together.
var retry = work.Retry{Base: time.Second, Max: 50 * time.Second}

const (
	jitter    = 5 // of the pause, at most a fifth is added
	longPause = time.Minute
)

// pause is the pause after the n-th attempt. It is the same whoever computes it.
func pause(id string, n int64) time.Duration {
	p := retry.Pause(int32(min(n, 1<<20)))
	h := fnv.New32a()
	_, _ = h.Write([]byte(id))
	_, _ = h.Write([]byte{byte(n), byte(n >> 8)})
	return p + time.Duration(int64(p)/jitter*int64(h.Sum32()%1000)/1000)
}

// answer is what an application has said.
type answer struct {
	fault  Fault // empty when it was told
	status int   // 0 without an answer
	after  time.Duration
	took   time.Duration
}

func (a *answer) outcome() string {
	if a.fault == "" {
		return "DELIVERED"
	}
	return string(a.fault)
}

// answerOf reads an answer. 200 is the documented success; frameworks that have nothing to say answer 204.
func answerOf(r *http.Response, now time.Time) answer {
	a := answer{status: r.StatusCode}
	switch {
	case a.status == http.StatusBadRequest:
		a.fault = FaultRefused
	case a.status >= http.StatusMultipleChoices && a.status < http.StatusBadRequest:
		a.fault = FaultRedirect
	case a.status < http.StatusOK || a.status > http.StatusBadRequest:
		a.fault = FaultStatus
		a.after = outbound.RetryAfter(r.Header, now)
	}
	return a
}

// judgeAnswer writes what an answer makes of a logout, as the transaction reads it.
func judgeAnswer(id string, l *store.Logout, a answer, now time.Time) {
	before := Fault(l.LogoutReason)
	l.LogoutAttempts++
	l.LogoutLastAt, l.LogoutStatus, l.LogoutReason = now, a.status, string(a.fault)
	if l.LogoutFirstAt.IsZero() {
		l.LogoutFirstAt = now
	}
	over := l.LogoutFirstAt.Add(Window)
	switch {
	case a.fault == "":
		l.LogoutState = store.LogoutDelivered
		return
	case a.fault == FaultNoAddress, a.fault == FaultRefused && before == FaultRefusedTwice, !now.Before(over):
		l.LogoutState = store.LogoutGivenUp
		return
	case a.fault == FaultRefused && before == FaultRefused:
		l.LogoutReason = string(FaultRefusedTwice)
	}
	if l.LogoutDueAt = now.Add(min(max(pause(id, l.LogoutAttempts), a.after), longPause)); l.LogoutDueAt.After(over) {
		l.LogoutDueAt = over // the last attempt is made at the end of the time and not before
	}
}
