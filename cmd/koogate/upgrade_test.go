// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"testing"
	"time"
)

// previous is the program of the release before this schema.
func previous(t *testing.T) string {
	t.Helper()
	bin := os.Getenv("KOOGATE_PREVIOUS")
	if bin == "" {
		t.Skip("needs the previous release's program: make upgrade-test")
	}
	return bin
}

// placed places an order at a process and waits until the customer would see the instance.
func (p *process) placed(t *testing.T, order string) (instance string) {
	t.Helper()
	a, err := p.call(t.Context(), newInstanceBody(order))
	if err != nil || a.InstanceID == "" {
		t.Fatalf("%s: %+v, %v", order, a, err)
	}
	for range 200 {
		if p.shows(t, a.InstanceID) {
			return a.InstanceID
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("%s is not provided", order)
	return ""
}

// shows says whether a process shows an instance to the customer.
func (p *process) shows(t *testing.T, instance string) bool {
	t.Helper()
	a, err := p.call(t.Context(), fmt.Sprintf(`{"activity":"queryInstance","instanceId":"%s"}`, instance))
	return err == nil && a.ResultCode == "000000" && len(a.Info) == 1 && a.Info[0].AppInfo.FrontEndURL != ""
}

// repeated repeats the creation of an order and expects the instance that it has.
func (p *process) repeated(t *testing.T, order, instance string) {
	t.Helper()
	if a, err := p.call(t.Context(), newInstanceBody(order)); err != nil || a.ResultCode != "000000" || a.InstanceID != instance {
		t.Errorf("the repeat of %s got %+v, %v; its instance is %s", order, a, err, instance)
	}
}

// TestThePreviousReleaseServesOn: the program of the release before goes on with a database that this one has migrated, after it and
// on PostgreSQL beside it, and each goes on with what the other has written. Every chain verifies at the end.
func TestThePreviousReleaseServesOn(t *testing.T) {
	bin := previous(t)
	t.Run("sqlite", func(t *testing.T) {
		s := newSite(t, "sqlite")
		s.products = `{"*": {provisioner: inside}}`
		old, now := s.process(true), s.process(true)
		old.bin = bin
		orders := make(map[string]string)
		serve := func(p *process, order string) {
			p.start()
			defer p.stop()
			for known, instance := range orders {
				p.repeated(t, known, instance)
			}
			orders[order] = p.placed(t, order)
		}
		s.runAs(bin, "migrate", "--config", old.config)
		serve(old, "CS2611231200BEFORE")
		s.run("migrate", "--config", now.config)
		serve(old, "CS2611231200DURING")
		serve(now, "CS2611231200AFTER1")
		serve(old, "CS2611231200GOBACK") // an upgrade that is taken back
		serve(now, "CS2611231200AGAIN1")
		s.run("verify", "--config", now.config)
	})
	t.Run("postgres", func(t *testing.T) {
		s := newSite(t, "postgres")
		s.products = `{"*": {provisioner: inside}}`
		old, now := s.process(true), s.process(true)
		old.bin = bin
		s.runAs(bin, "migrate", "--config", old.config)
		old.start()
		first := old.placed(t, "CS2611231200BEFORE")
		s.run("migrate", "--config", now.config) // while the old one serves
		now.start()
		now.repeated(t, "CS2611231200BEFORE", first)
		both := []*process{old, now}
		for n := range 40 {
			order := fmt.Sprintf("CS26112312%06d", n)
			instance := both[n%2].placed(t, order)
			other := both[(n+1)%2]
			other.repeated(t, order, instance)
			if !other.shows(t, instance) {
				t.Errorf("%s is not shown by the other process", order)
			}
		}
		for _, p := range both {
			if n := p.count("instances", `state = "ACTIVE"`); n != 41 {
				t.Errorf("%d instances are active, want 41", n)
			}
		}
		now.stop()
		old.placed(t, "CS2611231200GOBACK")
		old.stop()
		s.run("verify", "--config", now.config)
	})
}
