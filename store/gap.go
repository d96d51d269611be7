// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"time"
)

// Gaps keep the gaps that a restore from a backup leaves: stretches of time whose orders may be missing.
type Gaps interface {
	// OpenGap opens a gap of a seller. Errors: ErrConflict when the seller has an open one.
	OpenGap(ctx context.Context, g Gap) error
	// CloseGap closes an open gap as its Closed… fields say. Errors: ErrNotFound when it is not open.
	CloseGap(ctx context.Context, g Gap) error
	// OpenedGap returns the gap of a seller that is open. Errors: ErrNotFound.
	OpenedGap(ctx context.Context, seller string) (Gap, error)
	// CountGapCall counts a call about an instance that is not known. It notes at most MaxGapCalls pairs of instance and activity
	// of a gap; noted is false when the gap has no room for another pair.
	CountGapCall(ctx context.Context, c GapCall) (noted bool, err error)
	// GapCalls returns what was counted in a gap about instances that are still not known, the first seen first.
	GapCalls(ctx context.Context, seller, gapID string) ([]GapCall, error)
}

// MaxGapCalls bounds what is noted of one gap.
const MaxGapCalls = 10_000

// Gap is what a restore leaves open until an operator closes it: the database may lack orders since a time.
type Gap struct {
	Seller    string
	ID        string
	Since     time.Time // when the backup was taken: what was committed later may be missing
	OpenedAt  time.Time
	OpenedBy  string
	OpenedWhy string
	ClosedAt  time.Time // zero while it is open
	ClosedBy  string
	ClosedWhy string
}

// GapCall counts the calls of one activity about one instance that is not known. For CountGapCall LastAt is the time of the
// call; FirstAt and Calls are the database's.
type GapCall struct {
	Seller     string
	GapID      string
	InstanceID string
	Activity   string
	Calls      int64
	FirstAt    time.Time
	LastAt     time.Time
}

// Altered describes a gap that is opened or closed, for the audit.
func (g Gap) Altered() Altered {
	return Altered{Seller: g.Seller, Resources: map[string][]string{"gap": {g.ID}}, After: Digest(g)}
}

// Questions are asked of provisioners about instances that calls name and no row knows (ADR 53).
type Questions interface {
	// Question returns the question about an instance that was asked last. Errors: ErrNotFound.
	Question(ctx context.Context, seller, instanceID string) (Question, error)
	// Ask asks a question and queues its task, and tells which question stands: another one about the instance that is not over at q.AskedAt is
	// left as it is. Questions of the endpoint that are over are forgotten, and their tasks cancelled. Errors: ErrInstanceExists when the
	// instance is known, ErrConflict while a gap is open, ErrExhausted while MaxQuestions of the endpoint are open.
	Ask(ctx context.Context, q Question, t Task) (stands Question, err error)
}

// MaxQuestions is how many questions of one endpoint may be open.
const MaxQuestions = 200

// MaxQuestionsOver is how many questions that are over one Ask forgets.
const MaxQuestionsOver = 20

// Question is asked about one instance. Key: Seller, InstanceID.
type Question struct {
	Seller     string
	InstanceID string
	Endpoint   string // whose call named it
	TaskID     string // by which its provisioner is asked
	State      QuestionState
	AskedAt    time.Time
	Until      time.Time // from then on it is over
}

// QuestionState is where a question stands.
type QuestionState string

// The states of a question. One whose answer is that the instance is the provisioner's is forgotten.
const (
	QuestionOpen    QuestionState = "OPEN"
	QuestionUnknown QuestionState = "UNKNOWN" // the provisioner does not know the instance
	QuestionFailed  QuestionState = "FAILED"  // the task failed without an answer
)

// Over says whether the question counts no more.
func (q *Question) Over(now time.Time) bool { return !now.Before(q.Until) }
