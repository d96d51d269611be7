// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// load is how calls come: by clients that wait for their answers, in all so many a second when rate is set.
type load struct {
	clients int
	length  time.Duration
	rate    float64
}

// due is when the n-th call may begin, counted from 0.
func (l load) due(start time.Time, n int64) time.Time {
	if l.rate == 0 {
		return start
	}
	return start.Add(time.Duration(float64(n) / l.rate * float64(time.Second)))
}

// lived are lives of orders: the whole of each, and the part from its admission to its lease.
type lived struct {
	whole, lease spent
	late         int // lives that began more than 100 ms after they were due
}

// live lives orders whose IDs begin with prefix through replicas, which take turns.
func live(work *crew, replicas []*process, prefix string, l load) (lived, error) {
	var (
		wg    sync.WaitGroup
		next  atomic.Int64
		late  atomic.Int64
		mu    sync.Mutex
		out   lived
		first error
	)
	work.forget()
	before, start := cpuOf(replicas), time.Now()
	for client := range l.clients {
		wg.Go(func() {
			took, err := buyer(work, replicas[client%len(replicas)], func() (order string, ok bool) {
				n := next.Add(1) - 1
				at := l.due(start, n)
				if behind := time.Since(at); l.rate > 0 && behind > 100*time.Millisecond {
					late.Add(1)
				}
				if at.Sub(start) >= l.length || l.rate == 0 && time.Since(start) >= l.length && n >= int64(l.clients) {
					return "", false
				}
				time.Sleep(time.Until(at))
				return fmt.Sprintf("%s-%d", prefix, n), true
			})
			mu.Lock()
			defer mu.Unlock()
			out.whole.took = append(out.whole.took, took...)
			first = errors.Join(first, err)
		})
	}
	wg.Wait()
	out.whole.wall, out.whole.cpu = time.Since(start), cpuOf(replicas)-before
	out.lease.wall, out.lease.took, out.late = out.whole.wall, work.forget(), int(late.Load())
	return out, errors.Join(first, work.failure())
}

func cpuOf(ps []*process) (sum time.Duration) {
	for _, p := range ps {
		sum += p.cpu()
	}
	return sum
}

// buyer is one connection of the marketplace that lives one order after the other, until there is no next one.
func buyer(work *crew, p *process, next func() (string, bool)) (took []time.Duration, err error) {
	c, err := dialFacade(p)
	if err != nil {
		return nil, err
	}
	defer c.conn.Close()
	for {
		order, ok := next()
		if !ok {
			return took, nil
		}
		start := time.Now()
		answer, err := c.call(newInstance(order, 1))
		if err != nil {
			return took, err
		}
		instance := instanceIn(answer)
		if !bytes.Contains(answer, []byte(`"resultCode":"000004"`)) || instance == "" {
			return took, fmt.Errorf("newInstance of %s was answered %s", order, answer)
		}
		if err := work.await(instance); err != nil {
			return took, fmt.Errorf("%s: %w", order, err)
		}
		answer, err = c.call(fmt.Appendf(nil, `{"activity":"queryInstance","instanceId":"%s"}`, instance))
		if err != nil {
			return took, err
		}
		if !bytes.Contains(answer, []byte("https://"+instance)) {
			return took, fmt.Errorf("%s was completed, and queryInstance was answered %s", order, answer)
		}
		took = append(took, time.Since(start))
	}
}

// patience is how long an order may take until a worker has completed it.
const patience = 30 * time.Second

// await waits until the crew has completed the creation of an instance.
func (w *crew) await(instance string) error {
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	select {
	case <-w.completed(instance):
		w.done.Delete(instance)
		return nil
	case <-timeout.C:
		return fmt.Errorf("no worker has completed it within %s", patience)
	case <-w.ctx.Done():
		return context.Cause(w.ctx)
	}
}
