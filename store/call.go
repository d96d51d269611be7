// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"encoding/binary"
	"time"

	"github.com/google/uuid"
)

// Calls keep what calls were made (ADR 37). The journal writes them after the answers, in batches, so none is part of the change that the
// call made; that is what an order's events prove. Rows hold no text of a call but identifiers; what was said is sealed beside them.
type Calls interface {
	// RecordCalls writes rows of any sellers and adds to counts of refusals, in one transaction. A call whose key is there already
	// changes the row's LastAt and Times only, and never to less. For a new row with a Subject it finds Attempt and FirstAt: the place
	// behind the last of the latest series of seller and subject, or the first of a new series when that one began longer than Series before
	// the call. Errors: ErrBadText, ErrReadOnly.
	RecordCalls(ctx context.Context, calls []Call, refusals []CallRefusal) error
	// Call reads one row. Errors: ErrNotFound.
	Call(ctx context.Context, seller, id string) (Call, error)
	// ListCalls reads a page.
	ListCalls(ctx context.Context, q ListQuery) ([]Call, error)
	// CallsOfSubjects reads the calls of at most 100 subjects whose series began at since or later, by subject, series and attempt, limit at most.
	CallsOfSubjects(ctx context.Context, seller string, subjects []string, since time.Time, limit int) ([]Call, error)
	// ComparedCalls counts those of an endpoint's calls since a time that were compared, the latest rows and limit of them at most.
	ComparedCalls(ctx context.Context, seller, endpoint string, since time.Time, limit int) ([]Compared, error)
	// ListRefusals reads a page of the counts.
	ListRefusals(ctx context.Context, q ListQuery) ([]CallRefusal, error)
	// CallBody reads what was said in a call, as RecordCalls was given it. Errors: ErrNotFound.
	CallBody(ctx context.Context, seller, id string) (sealed []byte, err error)
	// ForgetCalls deletes rows that are older than age by the store's clock, the oldest of a seller first and limit of either kind at most,
	// and returns how many they were. Bodies stay.
	ForgetCalls(ctx context.Context, age time.Duration, limit int) (int, error)
	// ForgetCallBodies deletes the bodies of calls that are older than age, likewise.
	ForgetCallBodies(ctx context.Context, age time.Duration, limit int) (int, error)
}

// CallDirection is who called whom.
type CallDirection string

// The directions.
const (
	CallInbound  CallDirection = "INBOUND"  // the marketplace called
	CallOutbound CallDirection = "OUTBOUND" // Koogate called the marketplace
)

// CallVerdict is how far a call came.
type CallVerdict string

// The verdicts.
const (
	CallAnswered CallVerdict = "ANSWERED" // its signature held, and it has its answer; an outbound call has one
	CallRefused  CallVerdict = "REFUSED"  // it was refused before any work

	CallUnanswered CallVerdict = "UNANSWERED" // an outbound call that got no answer
)

// CallComparison is what came of holding an old server's answer against the one that Koogate would have given (ADR 56).
type CallComparison string

// The comparisons.
const (
	CompareSame    CallComparison = "SAME"
	CompareDiffers CallComparison = "DIFFERS"
	CompareSkipped CallComparison = "SKIPPED" // there was no time or no way to make it
)

// Compared counts the calls that one comparison had the same outcome for.
type Compared struct {
	Comparison CallComparison
	Rules      string
	Calls      int64
	FirstAt    time.Time
	LastAt     time.Time
}

// CallCause is of which kind the reason of a refusal is. What exactly was wrong is not kept.
type CallCause string

// The causes.
const (
	CauseClock    CallCause = "CLOCK"    // no time stamp, or one that is too far from this machine's time
	CauseNonce    CallCause = "NONCE"    // none, one that is not in form, or one that was there before
	CauseKey      CallCause = "KEY"      // the signature does not hold with any key that counts now, and nothing else is known of it
	CauseEncoding CallCause = "ENCODING" // the body could not be read, or the signature holds once a change is undone that proxies make
	CauseSize     CallCause = "SIZE"     // the body is too long
	CauseBudget   CallCause = "BUDGET"   // too many calls that are not verified were there at once, or this one was too slow
)

// The causes that a second look finds out.
const (
	CauseKeyEnded      CallCause = "KEY_ENDED"      // the signature holds with a key of the endpoint that counts no more, or not yet
	CauseOtherEndpoint CallCause = "OTHER_ENDPOINT" // it holds with a key of another endpoint of the seller
)

// Call is one call of the marketplace, or several looks at the same instances that were answered alike within a minute, or one call to the
// marketplace. Key: Seller, CreatedAt, ID.
type Call struct {
	Seller    string
	Direction CallDirection // empty for inbound, when it is written
	ID        string        // UUIDv7 of the millisecond of CreatedAt, by which the row is found
	CreatedAt time.Time
	LastAt    time.Time // of the last of several looks
	Times     int64     // how many calls the row stands for, 1 or more

	Endpoint   string // empty for an outbound call, like Family and KeyID
	Family     string // protocol family, empty when the call was refused
	Activity   string // empty when the call was refused, or names none that is served; of an outbound call its operation
	OrderID    string
	InstanceID string
	KeyID      string // the endpoint's key that verified it
	TraceID    string // hex; empty when the call has no span
	Probe      bool   // a debugging call

	Verdict    CallVerdict
	Cause      CallCause // of a refusal
	Code       string    // the result code that went out, or came in
	Reason     string    // of a failure: an error's reason or, for a refusal, its word in metrics
	HTTPStatus int
	Took       time.Duration // from the first byte to the answer
	Request    int64         // bytes of the body
	Answer     int64         // bytes

	Subject string        // what the marketplace's repetitions have in common; empty for a call that is not repeated by itself
	Series  time.Duration // how long repetitions may follow the first; not stored
	Attempt int64         // which of the series it is, 1 or more; without a subject as it is told
	FirstAt time.Time     // when the series began; zero without a subject

	Side Side // who answered, where the endpoint has an old server; empty elsewhere

	Comparison CallComparison // of an old server's answer with ours; empty where none was to be made
	OwnCode    string         // the result code that Koogate would have answered; empty when it was not found out
	Rules      string         // by which the answers differ, in their order with commas between

	ReplayOf string // the call that this one repeats at an operator's hand; empty for none
	Body     []byte // what was said, sealed; written with a new row and not read with it, nil for nothing

	// Of outbound calls alone.
	Records int64     // elements of a batch, 0 for a call about one thing
	TaskID  string    // the task that asked; empty for none
	UntilAt time.Time // until when it is tried again; zero when it is not
}

// TimedID makes the UUID id that of what was made at a time: the first 48 bits of a UUIDv7 are milliseconds. What is no UUID stays.
func TimedID(id string, at time.Time) string {
	u, err := uuid.Parse(id)
	if err != nil {
		return id
	}
	binary.BigEndian.PutUint64(u[:8], uint64(max(at.UnixMilli(), 0))<<16|uint64(binary.BigEndian.Uint16(u[6:8])))
	return u.String()
}

// TimeOfID is the millisecond in a timed ID; ok is false when the ID is none.
func TimeOfID(id string) (at time.Time, ok bool) {
	u, err := uuid.Parse(id)
	if err != nil || u.Version() != 7 {
		return time.Time{}, false
	}
	return time.UnixMilli(int64(binary.BigEndian.Uint64(u[:8]) >> 16)).UTC(), true
}

// CallRefusal counts the refused calls of one cause at one endpoint in one hour. Key: Seller, Hour, Endpoint, Cause.
type CallRefusal struct {
	Seller   string
	Endpoint string
	Cause    CallCause
	Hour     time.Time // its beginning
	Calls    int64
	FirstAt  time.Time
	LastAt   time.Time
}

// ID is unique among the counts of an hour.
func (r CallRefusal) ID() string { return r.Endpoint + "/" + string(r.Cause) }
