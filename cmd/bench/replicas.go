// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// many is how many replicas share the load that one has borne alone.
const many = 3

// shared is what a load costs the replicas that share it and their database, for each call.
type shared struct {
	figures
	database time.Duration
	late     int
}

// warming is how many calls of each load every replica has answered before it is measured.
const warming = 500

// resting is what processes use while nobody calls, in seconds of processor time a second.
type resting struct{ product, database float64 }

// sharedLoads come so many a second in all, well below what one replica can do, so that the load is the same for any number.
var sharedLoads = []struct {
	name  string
	rate  float64
	floor bool // the floor bears it too
}{{"queryInstance", 500, true}, {"replay", 500, true}, {"life", 60, false}}

// party is the product or the floor with what its replicas share, and what was measured of it by number of replicas.
type party struct {
	start func(ctx context.Context) (*process, error)
	// order and instance are fixed; workers is false where nobody leases.
	order, instance string
	workers         bool

	got  map[string]map[int][]shared // by load
	rest map[int][]resting
}

// replicas measures what replicas cost beside one, at the same load on one PostgreSQL, of the product and of the floor. SQLite has
// one only.
func (b *bench) replicas(ctx context.Context) (err error) {
	e, ok := b.postgres()
	if !ok || b.backend == "sqlite" {
		if len(b.only) == 0 {
			return nil
		}
		return errors.New("nothing to measure: replicas need PostgreSQL and Redis; run it under .ci/services (make bench)")
	}
	var open closers
	defer func() { err = errors.Join(err, open.close()) }()
	s, _, err := b.tracedSite(ctx, e, &open)
	if err != nil {
		return err
	}
	database, err := postmaster(ctx, s.database)
	if err != nil {
		return err
	}
	p, instance, err := s.startSold(ctx)
	if err != nil {
		return err
	}
	if err := p.stop(); err != nil {
		return err
	}
	below, err := b.floorDatabase(ctx, e, &open)
	if err != nil {
		return err
	}
	product := &party{
		start: func(ctx context.Context) (*process, error) { return s.start(ctx, true, byWorker) },
		order: soldOrder, instance: instance, workers: true,
	}
	floor := &party{
		start: func(ctx context.Context) (*process, error) { return startFloor(ctx, below, e.redis) },
		order: floorOrder, instance: floorInstance,
	}
	for round := range b.rounds {
		for _, p := range []*party{product, floor} {
			for _, n := range []int{1, many} {
				if err := (sharing{bench: b, party: p, database: database, round: round}).run(ctx, n); err != nil {
					return fmt.Errorf("%d replicas: %w", n, err)
				}
			}
		}
	}
	progress("")
	return b.out.add(b.sharedTable(product, floor))
}

func (b *bench) sharedTable(product, floor *party) *table {
	t := &table{
		part: "replicas",
		title: fmt.Sprintf("One and %d replicas at the same load, all with jobs, one PostgreSQL and one Redis; %d rounds of %s each, in turn; CPU of all processes for each call; growth is the median of the rounds' own",
			many, b.rounds, b.length),
		columns: []string{
			"load", "a second", "replicas", "p50", "p99", "koogate CPU", "its GROWTH", "PostgreSQL CPU", "GROWTH",
			"floor CPU", "floor GROWTH", "floor's PostgreSQL CPU", "floor's PostgreSQL GROWTH",
		},
	}
	late := 0
	for _, l := range sharedLoads {
		for _, n := range []int{1, many} {
			f := middleShared(product.got[l.name][n])
			row := append([]cell{word(l.name), number(l.rate, 0), count(n), micros(f.p50), micros(f.p99)}, product.costs(l.name, n)...)
			if l.floor {
				row = append(row, floor.costs(l.name, n)...)
			} else {
				row = append(row, word("-"), word("-"), word("-"), word("-"))
			}
			t.add(row...)
			for _, r := range append(product.got[l.name][n], floor.got[l.name][n]...) {
				late += r.late
			}
		}
	}
	for _, n := range []int{1, many} {
		own := middle(product.rest[n], func(r resting) float64 { return r.product })
		database := middle(product.rest[n], func(r resting) float64 { return r.database })
		t.note("while nobody calls %d use %.2f %% of a processor, and PostgreSQL %.2f %%", n, own*100, database*100)
	}
	t.note("%d calls began more than %s late", late, lateness)
	return t
}

// costs are the processor times of a load's call, each beside its growth over one replica.
func (p *party) costs(load string, n int) []cell {
	one, rounds := p.got[load][1], p.got[load][n]
	f := middleShared(rounds)
	own := func(r shared) float64 { return float64(r.cpu) }
	database := func(r shared) float64 { return float64(r.database) }
	return []cell{micros(f.cpu), number(pairs(rounds, one, own), 2), micros(f.database), number(pairs(rounds, one, database), 2)}
}

func middleShared(rounds []shared) shared {
	var fs []figures
	for _, r := range rounds {
		fs = append(fs, r.figures)
	}
	return shared{figures: median(fs), database: middle(rounds, func(r shared) time.Duration { return r.database })}
}

// sharing is one round of a party.
type sharing struct {
	*bench
	*party
	database func() time.Duration // processor time used so far
	round    int
}

// run starts replicas, lets them rest and puts every load on them.
func (m sharing) run(ctx context.Context, n int) (err error) {
	var open closers
	defer func() { err = errors.Join(err, open.close()) }()
	var ps []*process
	for range n {
		p, err := m.start(ctx)
		if err != nil {
			return err
		}
		open.add(p.stop)
		ps = append(ps, p)
	}
	var work *crew
	if m.workers {
		if work, err = startWorkers(ctx, ps); err != nil {
			return err
		}
		open.add(work.stop)
	}
	list := scenarios(m.round, m.order, m.instance)
	phase := func(name string) map[string]func(*process) (connection, error) {
		opens := map[string]func(*process) (connection, error){"queryInstance": list[2].open, "replay": list[1].open}
		if work != nil {
			opens["life"] = work.living(fmt.Sprintf("CS%s%s%d-%d", runTag, name, m.round, n))
		}
		return opens
	}
	return m.measure(ps, phase("W"), phase("R"))
}

// measure warms everything up, with the clients of the first phase, and measures with those of the second.
func (m sharing) measure(ps []*process, warm, opens map[string]func(*process) (connection, error)) error {
	n := len(ps)
	for _, l := range sharedLoads { // every replica is warm, and each of its connections has planned its statements
		if warm[l.name] == nil {
			continue
		}
		if _, err := repeat(ps, load{clients: 24, most: int64(warming * n), length: m.length}, warm[l.name]); err != nil {
			return fmt.Errorf("%s: %w", l.name, err)
		}
	}
	product, database, began := cpuOf(ps), m.database(), time.Now()
	time.Sleep(m.length)
	wall := time.Since(began).Seconds()
	if m.got == nil {
		m.got, m.rest = map[string]map[int][]shared{}, map[int][]resting{}
	}
	m.rest[n] = append(m.rest[n], resting{product: (cpuOf(ps) - product).Seconds() / wall, database: (m.database() - database).Seconds() / wall})
	first := sharedLoads[0] // what is put on processes that have rested costs more at first, whichever it is, so it is borne once unmeasured
	if _, err := repeat(ps, load{clients: 24, length: m.length, rate: first.rate}, opens[first.name]); err != nil {
		return fmt.Errorf("%s: %w", first.name, err)
	}
	for _, l := range sharedLoads {
		if opens[l.name] == nil {
			continue
		}
		progress("round %d/%d  %-14s %d × %s", m.round+1, m.rounds, l.name, n, ps[0].name)
		database := m.database()
		s, err := repeat(ps, load{clients: 24, length: m.length, rate: l.rate}, opens[l.name])
		if err != nil {
			return fmt.Errorf("%s: %w", l.name, err)
		}
		if m.got[l.name] == nil {
			m.got[l.name] = map[int][]shared{}
		}
		m.got[l.name][n] = append(m.got[l.name][n], shared{
			figures: s.figures(), database: (m.database() - database) / time.Duration(len(s.took)), late: s.late,
		})
	}
	return nil
}
