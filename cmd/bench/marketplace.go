// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
)

// marketplace measures the marketplace's calls against the floor on each engine.
func (b *bench) marketplace(ctx context.Context) error { return b.onEach(ctx, b.compare) }

// compare measures both servers on one engine.
func (b *bench) compare(ctx context.Context, e engine) (err error) {
	var open closers
	defer func() { err = errors.Join(err, open.close()) }()
	s, spans, err := b.tracedSite(ctx, e, &open)
	if err != nil {
		return err
	}
	product, instance, err := s.startSold(ctx)
	if err != nil {
		return err
	}
	open.add(product.stop)
	floor, err := b.startFloor(ctx, e, &open)
	if err != nil {
		return err
	}

	got := map[string]map[int]map[string][]figures{}
	for round := range b.rounds {
		for _, clients := range []int{1, 32} {
			for k, sc := range scenarios(round*10+clients, "", "") {
				for _, p := range []*process{product, floor} {
					list := scenarios(round*100+clients, soldOrder, instance)
					if p == floor {
						list = scenarios(round*100+clients, floorOrder, floorInstance)
					}
					progress("%s, round %d/%d  %-14s %2d clients  %-8s", e.name, round+1, b.rounds, sc.name, clients, p.name)
					f, err := drive(p, list[k], clients, b.length)
					if err != nil {
						return fmt.Errorf("%s: %w", p.name, err)
					}
					if got[sc.name] == nil {
						got[sc.name] = map[int]map[string][]figures{}
					}
					if got[sc.name][clients] == nil {
						got[sc.name][clients] = map[string][]figures{}
					}
					got[sc.name][clients][p.name] = append(got[sc.name][clients][p.name], f)
				}
			}
		}
	}
	progress("")
	t := &table{
		part: "marketplace",
		title: fmt.Sprintf("%s; %d rounds of %s each, product and floor in turn, ratios are medians of the rounds' own; tracing fully sampled, exported by OTLP",
			e.title, b.rounds, b.length),
		columns: []string{
			"call", "clients", "koogate/s", "floor/s", "RATIO", "koogate p50", "floor p50", "koogate p99", "floor p99",
			"koogate CPU", "floor CPU", "CPU ratio",
		},
	}
	for _, name := range []string{"newInstance", "replay", "queryInstance"} {
		for _, clients := range []int{1, 32} {
			ks, fs := got[name][clients]["koogate"], got[name][clients]["floor"]
			k, f := median(ks), median(fs)
			rates := pairs(ks, fs, func(f figures) float64 { return f.rate })
			cpus := pairs(ks, fs, func(f figures) float64 { return float64(f.cpu) })
			t.add(word(name), count(clients), number(k.rate, 0), number(f.rate, 0), number(rates, 2), micros(k.p50), micros(f.p50),
				micros(k.p99), micros(f.p99), micros(k.cpu), micros(f.cpu), number(cpus, 2))
		}
	}
	t.note("spans exported: %d KiB", spans.bytes.Load()>>10)
	return b.out.add(t)
}
