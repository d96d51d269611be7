// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/durationpb"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
)

// growers is how many clients call at a time: few, so that what grows is the work and not the queue before it.
const growers = 4

// growth measures calls with few and with many orders in the database, on each engine.
func (b *bench) growth(ctx context.Context) error { return b.onEach(ctx, b.grow) }

// grown is a product over a database of some size.
type grown struct {
	size    int
	site    *site
	process *process
	db      *sql.DB
	rounds  map[string][]figures // by call
}

func (b *bench) grow(ctx context.Context, e engine) (err error) {
	var open closers
	defer func() { err = errors.Join(err, open.close()) }()
	spans, err := startSink()
	if err != nil {
		return err
	}
	open.add(func() error { return spans.stop(ctx) })
	var all []*grown
	began := time.Now()
	for _, size := range b.sizes {
		g, err := b.newGrown(ctx, e, size, spans.addr, &open)
		if err != nil {
			return fmt.Errorf("%d orders: %w", size, err)
		}
		all = append(all, g)
	}
	seeded := time.Since(began)
	for round := range b.rounds {
		for _, c := range b.growing(round) {
			for _, g := range all {
				progress("%s, round %d/%d  %-14s %d orders", e.name, round+1, b.rounds, c.name, g.size)
				s, err := c.run(ctx, g)
				if err != nil {
					return fmt.Errorf("%s with %d orders: %w", c.name, g.size, err)
				}
				g.rounds[c.name] = append(g.rounds[c.name], s.figures())
			}
		}
	}
	progress("")
	t := growthTable(all, fmt.Sprintf("Growth with the orders in the database, %s; %d clients; %d rounds of at most %s each, the sizes in turn",
		e.title, growers, b.rounds, b.length))
	t.note("%s to seed: the rows of three orders that the product has lived, multiplied by bulk SQL; %d orders are in hand at every size", seeded.Round(time.Second), inHand)
	t.note("newInstance adds at most %d orders a round", mostAdmitted)
	return b.out.add(t)
}

// growthTable sets every figure beside that of the smallest database.
func growthTable(all []*grown, title string) *table {
	t := &table{
		part: "growth", title: title,
		columns: []string{"call", "orders", "p50", "p50 GROWTH", "p99", "p99 GROWTH", "koogate CPU", "CPU GROWTH", "written", "its GROWTH"},
	}
	for _, call := range growingCalls {
		one := median(all[0].rounds[call])
		for _, g := range all {
			f := median(g.rounds[call])
			t.add(word(call), count(g.size), micros(f.p50), ratio(float64(f.p50), float64(one.p50)), micros(f.p99), ratio(float64(f.p99), float64(one.p99)),
				micros(f.cpu), ratio(float64(f.cpu), float64(one.cpu)), kilobytes(f.written), ratio(float64(f.written), float64(one.written)))
		}
	}
	for _, g := range all {
		t.add(word("start-up"), count(g.size), micros(g.process.took), ratio(float64(g.process.took), float64(all[0].process.took)), none(), none(), none(), none(), none(), none())
	}
	return t
}

// newGrown seeds a database and starts a replica over it that only answers calls.
func (b *bench) newGrown(ctx context.Context, e engine, size int, otlp string, open *closers) (*grown, error) {
	s, err := b.newSite(ctx, e, otlp, open)
	if err != nil {
		return nil, err
	}
	newest := time.Now()
	originals, err := s.liveOriginals(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.seed(ctx, size, originals, newest); err != nil {
		return nil, err
	}
	if err := s.flush(); err != nil {
		return nil, err
	}
	p, err := s.start(ctx, false, byWorker)
	if err != nil {
		return nil, err
	}
	open.add(p.stop)
	db, err := openSQL(s.database)
	if err != nil {
		return nil, err
	}
	open.add(db.Close)
	return &grown{size: size, site: s, process: p, db: db, rounds: map[string][]figures{}}, nil
}

// liveOriginals lets the product live the three orders that are multiplied.
func (s *site) liveOriginals(ctx context.Context) (originals map[kind]string, err error) {
	originals = map[kind]string{kindDone: "CSGDONE", kindReady: "CSGREADY", kindWaiting: "CSGWAITING"}
	p, err := s.start(ctx, true, byWorker)
	if err != nil {
		return nil, err
	}
	err = s.liveTwo(ctx, p, originals)
	if err := errors.Join(err, p.stop()); err != nil {
		return nil, err
	}
	if p, err = s.start(ctx, false, byWorker); err != nil { // nobody queries orders
		return nil, err
	}
	err = admit(p, originals[kindWaiting])
	return originals, errors.Join(err, p.stop())
}

func (s *site) liveTwo(ctx context.Context, p *process, originals map[kind]string) error {
	work, err := startWorkers(ctx, []*process{p})
	if err != nil {
		return err
	}
	c, err := dialFacade(p)
	if err == nil {
		err = errors.Join(work.life(c, originals[kindDone]), c.conn.Close())
	}
	if err := errors.Join(err, work.stop()); err != nil {
		return err
	}
	if err := admit(p, originals[kindReady]); err != nil {
		return err
	}
	db, err := openSQL(s.database)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	for began := time.Now(); time.Since(began) < patience; time.Sleep(5 * time.Millisecond) {
		var state string
		err := db.QueryRowContext(ctx, `SELECT state FROM tasks WHERE seller = 'bench' AND order_id = $1 AND kind = 'CREATE'`, originals[kindReady]).Scan(&state)
		if err != nil || state == "READY" {
			return err
		}
	}
	return fmt.Errorf("the order query of %s was not done within %s", originals[kindReady], patience)
}

// admit sends the newInstance of an order, which a worker is to create.
func admit(p *process, order string) error {
	c, err := dialFacade(p)
	if err != nil {
		return err
	}
	defer c.conn.Close()
	answer, err := c.call(newInstance(order, 1))
	if err == nil && !strings.Contains(string(answer), `"resultCode":"000004"`) {
		err = fmt.Errorf("newInstance of %s was answered %s", order, answer)
	}
	return err
}

// growingCall is one kind of call that is measured.
type growingCall struct {
	name string
	run  func(ctx context.Context, g *grown) (spent, error)
}

var growingCalls = []string{"newInstance", "replay", "late replay", "queryInstance", "lease", "list WAITING tasks"}

const (
	// mostAdmitted bounds how many orders a measurement of newInstance adds: with the time it would be more than there were.
	mostAdmitted = 400
	// spread is how many orders, spread over all, a replay is about: again and again the same, which the guard remembers, or (late)
	// others in each round, each once, as after the guard has forgotten them.
	spread = 100
)

func (b *bench) growing(round int) []growingCall {
	calls := scenarios(0, "", "")
	facade := func(k int, most int64, body func(g *grown, n uint64) []byte) growingCall {
		return growingCall{calls[k].name, func(_ context.Context, g *grown) (spent, error) {
			sc := scenario{name: calls[k].name, want: calls[k].want, body: func(n uint64) []byte { return body(g, n) }}
			if k == 1 {
				sc.want = `"resultCode":"00000`
			}
			return repeat([]*process{g.process}, load{clients: growers, length: b.length, most: most}, sc.open)
		}}
	}
	return []growingCall{
		facade(0, mostAdmitted, func(g *grown, n uint64) []byte {
			return newInstance(fmt.Sprintf("CS%sG%d-%d-%d", runTag, g.size, round, n), n)
		}),
		facade(1, 0, func(g *grown, n uint64) []byte { return newInstance(seededOrder(g.done(rand.IntN(spread), 0)), n) }),
		named("late replay", facade(1, spread, func(g *grown, n uint64) []byte {
			return newInstance(seededOrder(g.done(int(n), round+1)), n)
		})),
		facade(2, 0, func(g *grown, _ uint64) []byte {
			return fmt.Appendf(nil, `{"activity":"queryInstance","instanceId":"%s"}`, seededInstance(g.anyDone()))
		}),
		{"lease", b.leases},
		{"list WAITING tasks", func(ctx context.Context, g *grown) (spent, error) {
			return repeat([]*process{g.process}, load{clients: growers, length: b.length}, tasksOf(ctx, func(ctx context.Context, c koogatev1.TaskServiceClient) error {
				_, err := c.ListTasks(ctx, &koogatev1.ListTasksRequest{Filter: `state = "WAITING"`})
				return err
			}))
		}},
	}
}

func named(name string, c growingCall) growingCall {
	c.name = name
	return c
}

// done is the number of the k-th of those orders, done and spread over all, that a round has for itself. A database of a thousand
// orders has enough of them for seven rounds.
func (g *grown) done(k, round int) int {
	for n := k * g.size / spread; ; n++ {
		if n %= g.size; kindOf(n, g.size) != kindDone {
			continue
		}
		if round == 0 {
			return n
		}
		round--
	}
}

// anyDone is the number of an order that is done.
func (g *grown) anyDone() int {
	for {
		if n := rand.IntN(g.size); kindOf(n, g.size) == kindDone {
			return n
		}
	}
}

// leases leases the tasks that are ready one by one, and makes them ready again, a few times: what is measured is the lease alone.
func (b *bench) leases(ctx context.Context, g *grown) (all spent, err error) {
	ready := 0
	for n := range g.size {
		if kindOf(n, g.size) == kindReady {
			ready++
		}
	}
	for turn := 0; turn < 5 && all.wall < b.length; turn++ {
		_, err := g.db.ExecContext(ctx, `UPDATE tasks SET state = 'READY', due_at = created_at, worker = '', attempt = 0
			WHERE seller = 'bench' AND queue = 'worker' AND state = 'LEASED'`)
		if err != nil {
			return all, err
		}
		s, err := repeat([]*process{g.process}, load{clients: growers, length: b.length, most: int64(ready)}, tasksOf(ctx, func(ctx context.Context, c koogatev1.TaskServiceClient) error {
			leased, err := c.LeaseTasks(ctx, &koogatev1.LeaseTasksRequest{
				Queue: "worker", WorkerId: "bench", MaxTasks: 1, LeaseDuration: durationpb.New(time.Hour),
			})
			if err == nil && (len(leased.GetTasks()) != 1 || leased.GetTasks()[0].GetInput().GetCustomerId() == "") {
				err = fmt.Errorf("leased %v, want one task with its input", leased.GetTasks())
			}
			return err
		}))
		if err != nil {
			return all, err
		}
		all.add(s)
	}
	return all, nil
}

// tasksOf connects a client of the tasks.
func tasksOf(ctx context.Context, call func(context.Context, koogatev1.TaskServiceClient) error) func(*process) (connection, error) {
	return func(p *process) (connection, error) {
		conn, err := grpc.NewClient(p.grpc, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			return connection{}, err
		}
		client, ctx := koogatev1.NewTaskServiceClient(conn), authorized(ctx)
		conn.Connect()
		return connection{call: func(int64) error { return call(ctx, client) }, close: conn.Close}, nil
	}
}
