// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"strconv"
	"time"
)

// Logins keep who logs in to joint products (ADR 57): the applications, what a login has come to, sessions, what was given out for them,
// and the keys that sign. Who may log in is the directory's to say, and is read anew whenever it matters: no row here is a right.
//
// Of codes, tickets and tokens only digests are kept: who reads the database can use none of them.
//
// A session whose right may be gone is marked: it is to be judged anew. The transaction that changes what the right rests on marks it, and a
// new session is marked from its beginning, because its right may have been withdrawn between the reading of the right and the writing of
// the session. In PostgreSQL AddLoginSession waits besides for the changes of its tenant's directory and instances that are under way: else a
// session could be added after such a change has marked the others, and be judged before the change can be seen.
type Logins interface {
	LoginApplications
	LoginRequests
	LoginSessions

	// LoginFacts reads what the directory and the instances say about a user of a tenant, one row for each instance that the tenant is or was
	// bound to, ordered by instance; at most limit. It is one read of one moment.
	LoginFacts(ctx context.Context, k LoginKey, limit int) ([]LoginFact, error)
	// TenantsByCode reads the tenants of a seller that have a tenantCode and are not deleted, at most limit.
	TenantsByCode(ctx context.Context, seller, code string, limit int) ([]Tenant, error)

	// AddSigningKey adds a key under its number, which is the one after the last that SigningKeys has told. Errors: ErrConflict when another
	// process has added one of that number.
	AddSigningKey(ctx context.Context, k *SigningKey) error
	// SigningKeys reads all, the oldest first.
	SigningKeys(ctx context.Context) ([]SigningKey, error)

	// ForgetLogins deletes requests and grants whose time was over before one time, signing keys that retired before it, and sessions that
	// ended before another and whose logout is not pending; limit of each at most. It returns how many.
	ForgetLogins(ctx context.Context, grants, sessions time.Time, limit int) (int, error)
}

// LoginApplications are the registry of credentials: one appId for one product.
type LoginApplications interface {
	// AddLoginApplication adds one if its seller has fewer than most. Errors: ErrConflict when the AppID is taken by any seller or the
	// product by another application of this one, ErrExhausted.
	AddLoginApplication(ctx context.Context, a *LoginApplication, most int) error
	// LoginApplication reads one, of whichever seller. Errors: ErrNotFound.
	LoginApplication(ctx context.Context, appID string) (LoginApplication, error)
	// LoginApplications reads those of a seller, the oldest first; of all sellers when seller is empty.
	LoginApplications(ctx context.Context, seller string) ([]LoginApplication, error)
	// ChangeLoginApplication replaces an application by what change makes of it, but for its key and CreatedAt, and raises its version. When it
	// becomes DISABLED, or Settings.Frozen, Settings.Roles or Test is changed, its sessions are to be judged. change may be called several
	// times. Errors: ErrNotFound, ErrConflict when the product is taken, change's.
	ChangeLoginApplication(ctx context.Context, seller, appID string, now time.Time, change func(*LoginApplication) error) (LoginApplication, error)
	// DeleteLoginApplication deletes an application that check agrees to; its sessions are to be judged. Errors: ErrNotFound, check's.
	DeleteLoginApplication(ctx context.Context, seller, appID string, now time.Time, check func(*LoginApplication) error) error
}

// LoginRequests are logins that are under way, and the codes and tokens that they lead to.
type LoginRequests interface {
	// AddLoginRequest adds one. Errors: ErrConflict when its ID or its state is there.
	AddLoginRequest(ctx context.Context, r *LoginRequest) error
	// LoginRequest reads one. Errors: ErrNotFound.
	LoginRequest(ctx context.Context, id string) (LoginRequest, error)
	// ChangeLoginRequest replaces a request by what change makes of the present one, but for ID, Seller, AppID and CreatedAt. change may be
	// called several times. Errors: ErrNotFound, ErrConflict when the state is another's, change's.
	ChangeLoginRequest(ctx context.Context, id string, change func(*LoginRequest) error) (LoginRequest, error)
	// ListLoginRequests reads a page.
	ListLoginRequests(ctx context.Context, q ListQuery) ([]LoginRequest, error)

	// AddLoginGrants adds what was given out, all or nothing. Errors: ErrConflict when a digest is there, ErrStale when a session among them
	// has ended or is gone.
	AddLoginGrants(ctx context.Context, grants ...LoginGrant) error
	// LoginGrant reads one with its session. Errors: ErrNotFound.
	LoginGrant(ctx context.Context, digest []byte) (LoginGrant, LoginSession, error)
	// UseLoginGrant marks a grant as used at a time; of several at once exactly one is the first. It returns the grant as it was before.
	// Whether it counts (expired, another application's, session ended) is the caller's to judge. Errors: ErrNotFound.
	UseLoginGrant(ctx context.Context, digest []byte, now time.Time) (g LoginGrant, s LoginSession, first bool, err error)
}

// LoginSessions are who is logged in. A session that has ended stays ended, under its first reason.
type LoginSessions interface {
	// AddLoginSession adds one that is active, and to be judged at once; see Logins. What the session itself says of its end, its judgement
	// and its logout is not read. Errors: ErrConflict when its ID or its digest is there.
	AddLoginSession(ctx context.Context, s *LoginSession) error
	// LoginSession reads one. Errors: ErrNotFound.
	LoginSession(ctx context.Context, id string) (LoginSession, error)
	// LoginSessionOf reads the one of a browser's cookie. Errors: ErrNotFound.
	LoginSessionOf(ctx context.Context, digest []byte) (LoginSession, error)
	// ListLoginSessions reads a page. State is ACTIVE or ENDED.
	ListLoginSessions(ctx context.Context, q ListQuery) ([]LoginSession, error)
	// ChangeLoginSession replaces a session by what change makes of the present one: Digest, Upstream, LastAt and ExpiresAt always, EndedAt and
	// EndReason only when it ends now, and with its end LogoutState and LogoutDueAt. Nothing else is written: a session that has ended
	// keeps its end, and what the delivery of its logout has come to. One that ends is not judged any more. change may be called several
	// times. Errors: ErrNotFound, ErrConflict when the digest is another's, change's.
	ChangeLoginSession(ctx context.Context, id string, change func(*LoginSession) error) (LoginSession, error)

	// JudgeLoginSessions hands out sessions that are active and to be judged, the earliest marked first: they are new, Apply has changed what
	// their right rests on (the directory of their tenant, or an instance that it is bound to was frozen or released), their application was
	// changed, or the time has come that JudgedLoginSession was told. They are handed out again at until, unless JudgedLoginSession was told.
	// By the store's clock, which is now.
	JudgeLoginSessions(ctx context.Context, most int, now, until time.Time) ([]LoginSession, error)
	// JudgedLoginSession says that a session, as JudgeLoginSessions gave it out, keeps its right, and when it is to be judged next; zero for
	// not. Nothing changes when it was marked or handed out since.
	JudgedLoginSession(ctx context.Context, held LoginSession, next time.Time) error

	// LeaseLogouts hands out sessions whose application is to be told that they ended, the earliest due first, but for those of some
	// applications. Each gets a higher fence and is due again at until.
	LeaseLogouts(ctx context.Context, most int, besides []string, now, until time.Time) ([]LoginSession, error)
	// EndLogout writes what judge makes of the logout of a session as LeaseLogouts gave it out, but for its fence. judge may be called several
	// times. Errors: ErrNotFound, ErrFenced when it was leased again or is not pending.
	EndLogout(ctx context.Context, held LoginSession, judge func(*Logout)) error
	// LogoutsPending tells what is still to be told to applications.
	LogoutsPending(ctx context.Context) (LogoutBacklog, error)
}

// LogoutBacklog is what is still to be told to applications.
type LogoutBacklog struct {
	Sessions int
	Due      time.Time // when the next is due; zero for none
	Since    time.Time // when the session ended that ended first; zero for none
}

// LoginKey names who logs in to what. UserName may be empty where only the tenant matters.
type LoginKey struct{ Seller, AppID, TenantID, UserName string }

// LoginFact is what is known about a user through one instance. Rows that are not there are zero; tombstones are there.
type LoginFact struct {
	InstanceID  string
	Tenant      Tenant
	Application Application
	User        User
	// Of the instance; empty when Koogate has no such instance.
	State     InstanceState
	OrderID   string
	ProductID string
	ExpiresAt time.Time
}

// LoginProtocol is how an application logs in at the authentication centre.
type LoginProtocol string

// The protocols (kit §B.1).
const (
	LoginOAuth2 LoginProtocol = "OAUTH2"
	LoginCAS    LoginProtocol = "CAS"
)

// LoginApplicationState says whether anybody can log in to an application.
type LoginApplicationState string

// The states.
const (
	LoginEnabled  LoginApplicationState = "ENABLED"
	LoginDisabled LoginApplicationState = "DISABLED"
)

// LoginApplication is a credential of the seller centre (应用凭证) and what Koogate serves for it. Key: AppID. Unique: Seller, ProductID.
type LoginApplication struct {
	Seller    string
	AppID     string
	Name      string
	ProductID string // empty while the credential is bound to no product
	State     LoginApplicationState
	Settings  LoginSettings
	Secrets   []LoginSecret // of the vendor's own app as a client of Koogate; at most two, the newest first
	Test      []byte        // the test account of the credential (second-reading §5), sealed; empty for none
	Version   int64
	CreatedAt time.Time
	UpdatedAt time.Time
}

// LoginSettings are what an application has chosen. Empty values are the defaults, which server/login knows.
type LoginSettings struct {
	Protocol       LoginProtocol `json:"protocol,omitempty"`
	RedirectURIs   []string      `json:"redirect_uris,omitempty"`
	PostLogoutURIs []string      `json:"post_logout_uris,omitempty"`
	InitiateURI    string        `json:"initiate_uri,omitempty"`     // where a login begins that the workbench has started (OpenID Connect Core §4)
	BackChannelURI string        `json:"back_channel_uri,omitempty"` // which is told of logouts (OpenID Connect Back-Channel Logout)
	TicketURI      string        `json:"ticket_uri,omitempty"`       // where a ticket is brought; empty for apps with OpenID Connect
	Frozen         string        `json:"frozen,omitempty"`           // what users of a frozen instance may do
	Roles          string        `json:"roles,omitempty"`            // whose word counts for a role
	Confirm        string        `json:"confirm,omitempty"`          // when a person is asked before a session begins
	Personal       []string      `json:"personal,omitempty"`         // which personal data the app is told
	LifeSeconds    int64         `json:"life_seconds,omitempty"`     // of a session
	IdleSeconds    int64         `json:"idle_seconds,omitempty"`     // of a session that nobody uses
	LogoutUpstream bool          `json:"logout_upstream,omitempty"`  // a logout ends the session at the authentication centre, too
}

// LoginSecret is one that an app shows. Only its digest is kept.
type LoginSecret struct {
	ID        string    `json:"id"`
	Digest    []byte    `json:"digest"`
	CreatedAt time.Time `json:"created_at"`
	Until     time.Time `json:"until"` // zero for no end
}

// Altered describes a change of an application for the audit. before is nil for a new one, after for one that is gone.
func (a *LoginApplication) Altered(before, after *LoginApplication) Altered {
	out := Altered{Seller: a.Seller, Resources: map[string][]string{"login_application": {a.AppID}}}
	if before != nil {
		out.Before = Digest(before)
	}
	out.After = Digest(after)
	return out
}

// LoginStep is how far a login has come.
type LoginStep string

// The steps. DONE, FAILED and REFUSED are ends.
const (
	LoginBegun   LoginStep = "BEGUN"   // the browser was sent to the authentication centre, or is asked for its tenant
	LoginAsked   LoginStep = "ASKED"   // the person is asked whether to go on as who the centre says
	LoginDone    LoginStep = "DONE"    // there is a session
	LoginFailed  LoginStep = "FAILED"  // something is wrong with the login itself; Reason says what
	LoginRefused LoginStep = "REFUSED" // the directory gives no right; Reason says why
)

// LoginRequest is one login, from where it was begun to its session or its end. Key: ID. Unique: StateDigest where it is not empty.
type LoginRequest struct {
	ID          string // UUIDv7
	Seller      string
	AppID       string
	Entrance    LoginEntrance
	Step        LoginStep
	Reason      string
	Browser     []byte // digest of the cookie of the browser that began it; empty where the workbench did
	StateDigest []byte // of the state that went to the authentication centre; empty where none did
	TenantID    string // of which tenant it must be; empty while any will do
	Asked       []byte // what the app has asked for, as JSON of server/login; no secrets
	Held        []byte // who it would be while the person is asked, sealed; empty otherwise
	SessionID   string
	Steps       []byte // what has happened, as JSON of server/login; no secrets and no personal data
	CreatedAt   time.Time
	UpdatedAt   time.Time
	ExpiresAt   time.Time
}

// LoginEntrance is where a login began.
type LoginEntrance string

// The entrances.
const (
	LoginByApp       LoginEntrance = "APP"       // the vendor's own page
	LoginByWorkbench LoginEntrance = "WORKBENCH" // a tile of the workbench, or the unified login page opened directly
	LoginByTrial     LoginEntrance = "TRIAL"     // an operator tries the login
)

// LoginGrantKind is what a grant is good for.
type LoginGrantKind string

// The kinds of grants.
const (
	LoginCode    LoginGrantKind = "CODE"    // once, for tokens
	LoginAccess  LoginGrantKind = "ACCESS"  // many times, to ask who it is
	LoginRefresh LoginGrantKind = "REFRESH" // once, for newer tokens
	LoginTicket  LoginGrantKind = "TICKET"  // once, to ask who it is
)

// LoginGrant is something that was given out for a session. Key: Digest.
type LoginGrant struct {
	Digest    []byte // SHA-256 of what was given out
	Kind      LoginGrantKind
	SessionID string
	RequestID string
	Scopes    string // separated by spaces
	CreatedAt time.Time
	ExpiresAt time.Time
	UsedAt    time.Time // zero while it was not used; of ACCESS, when it was revoked
}

// LoginSession is one person of one tenant in one application and one browser. Key: ID. Unique: Digest where it is not empty.
type LoginSession struct {
	ID        string // UUIDv7; the sid of the app's tokens
	Seller    string
	AppID     string
	TenantID  string
	UserName  string
	Entrance  LoginEntrance
	Protocol  LoginProtocol
	Digest    []byte // of the browser's cookie
	Upstream  []byte // tokens of the authentication centre and what it says about the person, sealed
	CreatedAt time.Time
	LastAt    time.Time // when it was last used
	ExpiresAt time.Time
	EndedAt   time.Time // zero while it is active
	EndReason LoginEnd
	JudgeAt   time.Time // when its right is to be judged; zero for not
	// JudgeFence rises whenever the session is marked as one to be judged, and whenever it is handed out.
	JudgeFence int64
	Logout
}

// Altered describes a change of a session for the audit. Sealed texts are digested.
func (s *LoginSession) Altered(before, after *LoginSession) Altered {
	return Altered{Seller: s.Seller, Resources: map[string][]string{"login_session": {s.ID}}, Before: Digest(before), After: Digest(after)}
}

// Logout is the back-channel logout of a session.
type Logout struct {
	LogoutState    LogoutState
	LogoutDueAt    time.Time
	LogoutFence    int64
	LogoutAttempts int64
	LogoutFirstAt  time.Time // when the first attempt ended; zero for none
	LogoutLastAt   time.Time
	LogoutStatus   int    // HTTP status of the last answer; 0 for none
	LogoutReason   string // of the last failure, a word of the program
}

// LogoutState is how far telling the app has come.
type LogoutState string

// The states of a logout.
const (
	LogoutNone      LogoutState = "NONE"
	LogoutPending   LogoutState = "PENDING"
	LogoutDelivered LogoutState = "DELIVERED"
	LogoutGivenUp   LogoutState = "GIVEN_UP"
)

// LoginEnd is why a session ended.
type LoginEnd string

// The reasons.
const (
	EndLoggedOut          LoginEnd = "LOGGED_OUT"          // the person has logged out
	EndRevoked            LoginEnd = "REVOKED"             // an operator has ended it
	EndExpired            LoginEnd = "EXPIRED"             // its time is over, or nobody has used it
	EndReplaced           LoginEnd = "REPLACED"            // the browser has logged in anew
	EndReused             LoginEnd = "REUSED"              // a code or token was used twice: somebody else has it
	EndUpstream           LoginEnd = "UPSTREAM"            // the authentication centre does not renew it
	EndUserDisabled       LoginEnd = "USER_DISABLED"       // authSync
	EndUserUnauthorised   LoginEnd = "USER_UNAUTHORISED"   // authSync: withdrawn, deleted, or never authorised
	EndTenantDeleted      LoginEnd = "TENANT_DELETED"      // tenantSync
	EndApplicationDeleted LoginEnd = "APPLICATION_DELETED" // applicationSync
	EndInstanceReleased   LoginEnd = "INSTANCE_RELEASED"
	EndInstanceFrozen     LoginEnd = "INSTANCE_FROZEN"
	EndApplicationClosed  LoginEnd = "APPLICATION_CLOSED" // the application was disabled or deleted here
)

// SigningKey signs the tokens of apps. Key: Number.
type SigningKey struct {
	Number    int64 // from 1
	ID        string
	Algorithm string
	Private   []byte // sealed
	CreatedAt time.Time
	ActiveAt  time.Time // from when it signs; it is published before
	RetiredAt time.Time // from when it is published no more; zero while it is not known
}

// Altered describes a change of the signing keys for the audit, which belongs to no seller. Sealed texts are digested.
func (k *SigningKey) Altered() Altered {
	return Altered{Resources: map[string][]string{"login_key": {k.ID}}, After: Digest(k)}
}

// The contexts of the sealed columns, which bind a value to its row.

// LoginApplicationContext binds the test account of an application.
func LoginApplicationContext(appID string) string { return "login application " + appID }

// LoginRequestContext binds what a request holds.
func LoginRequestContext(id string) string { return "login request " + id }

// LoginSessionContext binds what a session holds.
func LoginSessionContext(id string) string { return "login session " + id }

// SigningKeyContext binds a signing key.
func SigningKeyContext(number int64) string { return "login key " + strconv.FormatInt(number, 10) }
