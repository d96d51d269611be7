// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// weight is what a process needs before anybody has called it.
type weight struct {
	start time.Duration // until it is ready
	rss   int64         // at the end of the idle time, in bytes
	cpu   float64       // seconds of processor time a second, while idle
}

// process measures what the processes need for themselves, on each engine.
func (b *bench) process(ctx context.Context) error {
	t := &table{
		part: "process",
		title: fmt.Sprintf("A process with an empty database that nobody calls; %d starts in turn with the floor, %s idle after each",
			b.rounds, b.length),
		columns: []string{
			"database", "start", "floor start", "RATIO", "idle RSS", "floor idle RSS", "RSS ratio", "idle CPU", "floor idle CPU",
		},
	}
	err := b.onEach(ctx, func(ctx context.Context, e engine) error {
		k, f, err := b.weigh(ctx, e)
		if err != nil {
			return err
		}
		t.add(word(e.name), micros(k.start), micros(f.start), ratio(float64(k.start), float64(f.start)), megabytes(float64(k.rss)),
			megabytes(float64(f.rss)), ratio(float64(k.rss), float64(f.rss)), percent(k.cpu), percent(f.cpu))
		return nil
	})
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	product, floor, err := sizes(b.koogate, self)
	if err != nil {
		return err
	}
	t.note("binary: %.1f MB without debug information; this benchmark, the floor in it: %.1f MB; RATIO %.2f", product/1e6, floor/1e6, product/floor)
	return b.out.add(t)
}

func sizes(product, floor string) (p, f float64, err error) {
	a, err := os.Stat(product)
	if err != nil {
		return 0, 0, err
	}
	c, err := os.Stat(floor)
	if err != nil {
		return 0, 0, err
	}
	return float64(a.Size()), float64(c.Size()), nil
}

func (b *bench) weigh(ctx context.Context, e engine) (product, floor weight, err error) {
	var open closers
	defer func() { err = errors.Join(err, open.close()) }()
	s, err := b.newSite(ctx, e, "", &open)
	if err != nil {
		return product, floor, err
	}
	database, drop, err := e.make(ctx, "floor")
	if err != nil {
		return product, floor, err
	}
	open.add(drop)
	if err := migrate(ctx, b.koogate, b.dir, database); err != nil {
		return product, floor, err
	}
	var products, floors []weight
	for round := range b.rounds {
		progress("%s, start %d/%d", e.name, round+1, b.rounds)
		w, err := b.idle(s.start(ctx, true, byWorker))
		if err != nil {
			return product, floor, err
		}
		products = append(products, w)
		if w, err = b.idle(startFloor(ctx, database, e.redis)); err != nil {
			return product, floor, err
		}
		floors = append(floors, w)
	}
	return middleWeight(products), middleWeight(floors), nil
}

// idle waits while a process idles and stops it.
func (b *bench) idle(p *process, err error) (weight, error) {
	if err != nil {
		return weight{}, err
	}
	before, began := p.cpu(), time.Now()
	time.Sleep(b.length)
	w := weight{start: p.took, cpu: (p.cpu() - before).Seconds() / time.Since(began).Seconds(), rss: p.rss()}
	return w, p.stop()
}

func middleWeight(ws []weight) weight {
	return weight{
		start: middle(ws, func(w weight) time.Duration { return w.start }),
		rss:   middle(ws, func(w weight) int64 { return w.rss }),
		cpu:   middle(ws, func(w weight) float64 { return w.cpu }),
	}
}
