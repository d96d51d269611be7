// SPDX-License-Identifier: Apache-2.0

package recorder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/koogate/koogate/koogallery/clock"
	"github.com/koogate/koogate/koogallery/recorder/tape"
	"github.com/koogate/koogate/koogallery/recorder/veil"
	"github.com/koogate/koogate/koogallery/seal"
)

// Config is what is recorded. All but KitKeys and Told are required.
type Config struct {
	// To is the seller's production address. Calls at it and below it are recorded, others are only passed on.
	To string

	// Keys are the access keys of the address, and KitKeys those of the Kit (default: Keys): they tell which calls were signed well and
	// open what is encrypted.
	Keys, KitKeys []string

	// Cipher is the one of mobilePhone and email in V1 calls, chosen when the product was published. Default: seal.AES256.
	Cipher seal.EncryptType

	Out    *tape.Writer
	Clock  clock.Clock
	Random io.Reader // makes the key of the stand-ins; crypto/rand.Reader

	// Told is told of what goes wrong with the recording, from any goroutine: calls are passed on all the same. Each kind of trouble
	// is told once until it has ended.
	Told func(trouble string)
}

// ErrConfig says that a recording cannot be made as configured.
var ErrConfig = errors.New("unusable configuration of a recording")

// Counts tells how a recording stands.
type Counts struct {
	Recorded int64 // calls in the file
	Lost     int64 // calls that were passed on but could not be written down
	Withheld int64 // recorded calls of which something was kept out of the file
	Passed   int64 // calls to other addresses
}

// backlog is how many calls may wait to be written while the file is slow. Beyond it calls are lost to the recording.
const backlog = 4096

// Recorder sits between a marketplace and a seller. Create it with New.
type Recorder struct {
	cfg     Config
	to      *url.URL
	address string // host:port of the seller
	veil    *veil.Veil
	queue   chan *heard
	seq     atomic.Int64

	recorded, lost, withheld, passed atomic.Int64
	troubled                         atomic.Bool // the file cannot be written

	mu      sync.Mutex
	closing bool
	pairs   map[*pair]struct{}
	work    sync.WaitGroup
}

// New returns a recorder. Errors: ErrConfig, and the error of Random.
func New(cfg Config) (*Recorder, error) {
	u, err := url.Parse(cfg.To)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("%w: the seller's address must be an absolute http or https URL", ErrConfig)
	case len(cfg.Keys) == 0 || cfg.Keys[0] == "":
		return nil, fmt.Errorf("%w: without the access key it is not known what is encrypted", ErrConfig)
	case cfg.Out == nil || cfg.Clock == nil || cfg.Random == nil:
		return nil, fmt.Errorf("%w: Out, Clock and Random are required", ErrConfig)
	}
	if len(cfg.KitKeys) == 0 {
		cfg.KitKeys = cfg.Keys
	}
	if cfg.Cipher == "" {
		cfg.Cipher = seal.AES256
	}
	if cfg.Told == nil {
		cfg.Told = func(string) {}
	}
	v, err := veil.New(cfg.Random)
	if err != nil {
		return nil, err
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return &Recorder{
		cfg: cfg, to: u, address: net.JoinHostPort(u.Hostname(), port), veil: v,
		queue: make(chan *heard, backlog), pairs: make(map[*pair]struct{}),
	}, nil
}

// Counts returns how the recording stands.
func (r *Recorder) Counts() Counts {
	return Counts{r.recorded.Load(), r.lost.Load(), r.withheld.Load(), r.passed.Load()}
}

// Serve passes on what comes in at a listener until ctx ends, and then goes on with the calls under way, for 25 seconds at most. It
// returns when everything is written, and leaves the file open. The error is that of the listener.
func (r *Recorder) Serve(ctx context.Context, l net.Listener) error {
	var writing sync.WaitGroup
	writing.Go(r.write)
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer stop()
	var err error
	for {
		var client net.Conn
		if client, err = l.Accept(); err != nil {
			break
		}
		p := &pair{r: r, client: client}
		r.mu.Lock()
		r.pairs[p] = struct{}{}
		r.mu.Unlock()
		r.work.Go(p.run)
	}
	r.drain()
	close(r.queue)
	writing.Wait()
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func (r *Recorder) leave(p *pair) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.pairs, p)
}

// patience is how long calls may still take when the recorder stops: longer than the marketplace waits for any answer.
const patience = 25 * time.Second

// drain closes idle connections at once, and the others when their call is over or patience has ended.
func (r *Recorder) drain() {
	r.mu.Lock()
	r.closing = true
	for p := range r.pairs {
		if !p.busy {
			p.hangUp()
		}
	}
	r.mu.Unlock()
	limit, cancel := clock.WithTimeout(context.Background(), r.cfg.Clock, patience)
	defer cancel()
	stop := context.AfterFunc(limit, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		for p := range r.pairs {
			p.hangUp()
		}
	})
	defer stop()
	r.work.Wait()
}

// write writes calls down until the queue is closed.
func (r *Recorder) write() {
	for h := range r.queue {
		c := r.hear(h)
		if err := r.cfg.Out.Write(c); err != nil {
			r.lose(err.Error())
			continue
		}
		r.recorded.Add(1)
		if c.Withheld != "" || c.Answer != nil && c.Answer.Withheld != "" {
			r.withheld.Add(1)
		}
		r.troubled.Store(false)
		if len(r.queue) == 0 {
			if err := r.cfg.Out.Sync(); err != nil && !r.troubled.Swap(true) {
				r.cfg.Told(err.Error())
			}
		}
	}
}

// lose counts a call that is not in the file, and tells of the trouble once.
func (r *Recorder) lose(why string) {
	r.lost.Add(1)
	if !r.troubled.Swap(true) {
		r.cfg.Told(why)
	}
}

// tell hands a call over to be written. It never waits: the marketplace does.
func (r *Recorder) tell(h *heard) {
	select {
	case r.queue <- h:
	default:
		r.lose("the file takes calls slower than they come")
	}
}
