package simulator

import "context"

// message is a Message with what is needed to make its call again. The book's
// mutex guards what changes; turn allows one attempt at a time.
type message struct {
	Message
	turn     chan struct{}
	own      *order // the order that the call is about
	root     *order // the order that opened the instance
	schedule Schedule
	params   map[string]any // body without activity, businessId and instanceId

	target     *change // what success changes; nil for a mere repetition
	looping    bool    // a deliver loop looks after it
	handedOver bool    // the loop was still running when the call succeeded
	wake       context.CancelFunc
	last       Call
}

// change is the effect of a call that succeeds.
type change struct {
	term    Term // of a refresh or upgrade
	renewal bool // remember the present term, for a cancelled renewal
}

// newMessage returns the message for a call about own. A message without a
// target has no effect on any order, whether it succeeds or fails.
func newMessage(a Activity, own, root *order, target *change) *message {
	return &message{
		Message: Message{
			OrderID: own.ID, LineID: own.LineID, Activity: a, State: MessagePending,
		},
		turn:   make(chan struct{}, 1),
		own:    own,
		root:   root,
		params: map[string]any{},
		target: target,
	}
}

// repetition returns a second message with the same parameters.
func (m *message) repetition() *message {
	again := newMessage(m.Activity, m.own, m.root, nil)
	again.Scene, again.params, again.schedule = m.Scene, m.params, m.schedule
	return again
}
