// SPDX-License-Identifier: Apache-2.0

package remote

// Flags that several commands have. What an rpc takes decides which a command has (cmd/koogate TestEveryFieldOfARequestHasAFlag).

// none is for requests without fields.
type none struct{}

// one names one thing.
type one struct {
	ID string `arg:"" api:"1" help:"Its ID or name." predictor:"name"`
}

// limited bounds a list that has pages.
type limited struct {
	Limit int `help:"At most so many; 0 for all." default:"50" placeholder:"N"`
}

func (l limited) most() int { return l.Limit }

type filtered struct {
	Filter string `api:"filter" help:"Only these: field = \"value\", several joined by AND." placeholder:"FILTER"`
}

// browse are the flags of most lists.
type browse struct {
	filtered
	OrderBy string `api:"order_by" help:"create_time desc (default) or create_time asc." placeholder:"ORDER"`
	limited
}

// why is for what may tell its reason, because for what must.
type why struct {
	Reason string `api:"reason" help:"Why, for the audit and the order's events; no secrets, no personal data." placeholder:"TEXT"`
}

type because struct {
	Reason string `api:"reason" required:"" help:"Why, for the audit and the order's events; no secrets, no personal data." placeholder:"TEXT"`
}

type based struct {
	Etag string `api:"etag" help:"Refuse when it has another version by now." placeholder:"ETAG"`
}

type dry struct {
	DryRun bool `api:"validate_only" help:"Say whether it would be done, and change nothing."`
}

func (d dry) changesNothing() bool { return d.DryRun }

type forced struct {
	Force bool `api:"force" help:"Do it in spite of what is in its way; the refusal says what that is."`
}

// sure is for what cannot be taken back, or concerns many.
type sure struct {
	Yes bool `help:"Do not ask." short:"y"`
}

func (s sure) agreed() bool { return s.Yes }
