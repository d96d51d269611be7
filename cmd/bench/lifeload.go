// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"
)

// lived are lives of orders: the whole of each, and the part from its admission to its lease.
type lived struct{ whole, lease spent }

// live lives orders whose IDs begin with prefix.
func live(work *crew, p *process, prefix string, l load) (out lived, err error) {
	work.forget()
	out.whole, err = repeat([]*process{p}, l, work.living(prefix))
	out.lease = spent{took: work.forget(), wall: out.whole.wall}
	return out, errors.Join(err, work.failure())
}

// living connects a client of the marketplace whose calls are whole lives: of the n-th order of a prefix.
func (w *crew) living(prefix string) func(*process) (connection, error) {
	return func(p *process) (connection, error) {
		c, err := dialFacade(p)
		if err != nil {
			return connection{}, err
		}
		return connection{call: func(n int64) error { return w.life(c, fmt.Sprintf("%s-%d", prefix, n)) }, close: c.conn.Close}, nil
	}
}

// life buys an order, waits until a worker has completed it and looks whether that can be seen.
func (w *crew) life(c *caller, order string) error {
	answer, err := c.call(newInstance(order, 1))
	if err != nil {
		return err
	}
	instance := instanceIn(answer)
	if !bytes.Contains(answer, []byte(`"resultCode":"000004"`)) || instance == "" {
		return fmt.Errorf("newInstance of %s was answered %s", order, answer)
	}
	if err := w.await(instance); err != nil {
		return fmt.Errorf("%s: %w", order, err)
	}
	answer, err = c.call(fmt.Appendf(nil, `{"activity":"queryInstance","instanceId":"%s"}`, instance))
	if err == nil && !bytes.Contains(answer, []byte("https://"+instance)) {
		err = fmt.Errorf("%s was completed, and queryInstance was answered %s", order, answer)
	}
	return err
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
