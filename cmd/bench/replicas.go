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

// resting is what processes use while nobody calls, in seconds of processor time a second.
type resting struct{ product, database float64 }

// sharedLoads come so many a second in all, well below what one replica can do, so that the load is the same for any number.
var sharedLoads = []struct {
	name string
	rate float64
}{{"queryInstance", 500}, {"replay", 500}, {"life", 60}}

// replicas measures what replicas cost beside one, at the same load on one PostgreSQL. SQLite has one only.
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
	got := map[string]map[int][]shared{}
	rest := map[int][]resting{}
	for round := range b.rounds {
		for _, n := range []int{1, many} {
			m := sharing{bench: b, site: s, database: database, instance: instance, round: round}
			r, err := m.run(ctx, n, got)
			if err != nil {
				return fmt.Errorf("%d replicas: %w", n, err)
			}
			rest[n] = append(rest[n], r)
		}
	}
	progress("")
	return b.out.add(b.sharedTable(got, rest))
}

func (b *bench) sharedTable(got map[string]map[int][]shared, rest map[int][]resting) *table {
	t := &table{
		part: "replicas",
		title: fmt.Sprintf("One and %d replicas at the same load, all with jobs, one PostgreSQL and one Redis; %d rounds of %s each, in turn; CPU of all processes for each call",
			many, b.rounds, b.length),
		columns: []string{"load", "a second", "replicas", "p50", "p99", "koogate CPU", "its GROWTH", "PostgreSQL CPU", "GROWTH"},
	}
	late := 0
	for _, l := range sharedLoads {
		one := middleShared(got[l.name][1])
		for _, n := range []int{1, many} {
			f := middleShared(got[l.name][n])
			t.add(word(l.name), number(l.rate, 0), count(n), micros(f.p50), micros(f.p99), micros(f.cpu), ratio(float64(f.cpu), float64(one.cpu)),
				micros(f.database), ratio(float64(f.database), float64(one.database)))
			for _, r := range got[l.name][n] {
				late += r.late
			}
		}
	}
	for _, n := range []int{1, many} {
		product := middle(rest[n], func(r resting) float64 { return r.product })
		database := middle(rest[n], func(r resting) float64 { return r.database })
		t.note("while nobody calls %d use %.2f %% of a processor, and PostgreSQL %.2f %%", n, product*100, database*100)
	}
	t.note("%d calls began more than %s late", late, lateness)
	return t
}

func middleShared(rounds []shared) shared {
	var fs []figures
	for _, r := range rounds {
		fs = append(fs, r.figures)
	}
	return shared{figures: median(fs), database: middle(rounds, func(r shared) time.Duration { return r.database })}
}

// sharing is one round.
type sharing struct {
	*bench
	site     *site
	database func() time.Duration // processor time used so far
	instance string               // of soldOrder
	round    int
}

// run starts replicas, lets them rest and puts every load on them.
func (m *sharing) run(ctx context.Context, n int, got map[string]map[int][]shared) (r resting, err error) {
	var open closers
	defer func() { err = errors.Join(err, open.close()) }()
	var ps []*process
	for range n {
		p, err := m.site.start(ctx, true, byWorker)
		if err != nil {
			return r, err
		}
		open.add(p.stop)
		ps = append(ps, p)
	}
	work, err := startWorkers(ctx, ps)
	if err != nil {
		return r, err
	}
	open.add(work.stop)
	list := scenarios(m.round, soldOrder, m.instance)
	opens := func(phase string) map[string]func(*process) (connection, error) {
		return map[string]func(*process) (connection, error){
			"queryInstance": list[2].open, "replay": list[1].open, "life": work.living(fmt.Sprintf("CS%s%s%d-%d", runTag, phase, m.round, n)),
		}
	}
	for _, l := range sharedLoads { // everything is warm and connected
		if _, err := repeat(ps, load{clients: 24, most: 48, length: m.length}, opens("W")[l.name]); err != nil {
			return r, fmt.Errorf("%s: %w", l.name, err)
		}
	}
	product, database, began := cpuOf(ps), m.database(), time.Now()
	time.Sleep(m.length)
	wall := time.Since(began).Seconds()
	r = resting{product: (cpuOf(ps) - product).Seconds() / wall, database: (m.database() - database).Seconds() / wall}
	for _, l := range sharedLoads {
		progress("round %d/%d  %-14s %d replicas", m.round+1, m.rounds, l.name, n)
		database := m.database()
		s, err := repeat(ps, load{clients: 24, length: m.length, rate: l.rate}, opens("R")[l.name])
		if err != nil {
			return r, fmt.Errorf("%s: %w", l.name, err)
		}
		if got[l.name] == nil {
			got[l.name] = map[int][]shared{}
		}
		got[l.name][n] = append(got[l.name][n], shared{
			figures: s.figures(), database: (m.database() - database) / time.Duration(len(s.took)), late: s.late,
		})
	}
	return r, nil
}
