// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// life measures whole orders on each engine. The floor only admits them: the ratio is what a life costs beside an admission by hand.
func (b *bench) life(ctx context.Context) error { return b.onEach(ctx, b.lives) }

func (b *bench) lives(ctx context.Context, e engine) (err error) {
	var open closers
	defer func() { err = errors.Join(err, open.close()) }()
	s, _, err := b.tracedSite(ctx, e, &open)
	if err != nil {
		return err
	}
	product, err := s.start(ctx, true, byWorker)
	if err != nil {
		return err
	}
	open.add(product.stop)
	floor, err := b.startFloor(ctx, e, &open)
	if err != nil {
		return err
	}
	work, err := startWorkers(ctx, []*process{product})
	if err != nil {
		return err
	}
	open.add(work.stop)

	got := map[int][]lived{}
	admitted := map[int][]figures{}
	for round := range b.rounds {
		for _, clients := range []int{1, 32} {
			progress("%s, round %d/%d  lives  %2d clients", e.name, round+1, b.rounds, clients)
			l, err := live(work, product, fmt.Sprintf("CS%sL%d-%d", runTag, round, clients), load{clients: clients, length: b.length})
			if err != nil {
				return err
			}
			got[clients] = append(got[clients], l)
			f, err := drive(floor, scenarios(round*100+clients, floorOrder, floorInstance)[0], clients, b.length)
			if err != nil {
				return fmt.Errorf("floor: %w", err)
			}
			admitted[clients] = append(admitted[clients], f)
		}
	}
	progress("")
	t := &table{
		part: "life",
		title: fmt.Sprintf("Life of an order (create, order query, lease and completion by gRPC, query), %s; %d rounds of %s each, in turn with admissions by the floor; %d workers",
			e.title, b.rounds, b.length, workers),
		columns: []string{
			"clients", "lives/s", "floor admissions/s", "RATIO", "life p50", "life p99", "admission to lease p50", "admission to lease p99", "its GROWTH",
			"koogate CPU/life", "floor CPU/admission", "CPU ratio",
		},
	}
	var one time.Duration
	for _, clients := range []int{1, 32} {
		whole, lease := middleOf(got[clients])
		f := median(admitted[clients])
		if clients == 1 {
			one = lease.p99
		}
		t.add(count(clients), number(whole.rate, 0), number(f.rate, 0), ratio(whole.rate, f.rate), micros(whole.p50), micros(whole.p99),
			micros(lease.p50), micros(lease.p99), ratio(float64(lease.p99), float64(one)), micros(whole.cpu), micros(f.cpu),
			ratio(float64(whole.cpu), float64(f.cpu)))
	}
	return b.out.add(t)
}

// middleOf is the median of the rounds, of whole lives and of the times from admission to lease.
func middleOf(rounds []lived) (whole, lease figures) {
	var ws, ls []figures
	for _, r := range rounds {
		ws, ls = append(ws, r.whole.figures()), append(ls, r.lease.figures())
	}
	return median(ws), median(ls)
}
