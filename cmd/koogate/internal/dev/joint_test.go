// SPDX-License-Identifier: Apache-2.0

package dev

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/simulator/rehearsal"
)

// startDev runs the server and the marketplace of the dev mode until the test ends.
func startDev(t *testing.T) (*Command, *markets) {
	t.Helper()
	addrs := freeAddrs(t, 5)
	c := &Command{Facade: addrs[0], API: addrs[1], GRPC: addrs[2], Ops: addrs[3], Sim: addrs[4]}
	dir := t.TempDir()
	key, text, err := demoRSA(dir)
	if err != nil {
		t.Fatal(err)
	}
	if again, _, err := demoRSA(dir); err != nil || !again.Equal(key) {
		t.Fatalf("the key is not kept: %v", err)
	}
	log := slog.New(slog.DiscardHandler)
	m, err := c.market(log, &key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	app, err := wire(ctx, c.config(dir, m.drillURL, "http://127.0.0.1:1", "", text), log, nil)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 2)
	go func() { ended <- m.serve(ctx) }()
	go func() { ended <- app.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := errors.Join(<-ended, <-ended); err != nil {
			t.Error(err)
		}
		m.close()
		http.DefaultClient.CloseIdleConnections()
	})
	if err := waitReady(ctx, c.Ops); err != nil {
		t.Fatal(err)
	}
	return c, m
}

// Whatever the order of the Kit's calls and however often they come, the directory is what their time stamps say.
func TestJointPurchase(t *testing.T) {
	c, m := startDev(t)
	for _, family := range []judge.Family{judge.FamilyKitV1, judge.FamilyKitV2} {
		report, err := m.demo.Joint(t.Context(), family, c.directoryIs(t.Context()))
		passed(t, report, err)
		for seed := range uint64(12) {
			report, err := m.demo.JointShuffled(t.Context(), family, seed, c.directoryIs(t.Context()))
			if passed(t, report, err); t.Failed() {
				t.Fatalf("%s, seed %d", family, seed)
			}
		}
	}
}

func passed(t *testing.T, report rehearsal.Report, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range report.Steps {
		if s.Err != "" {
			t.Errorf("%s, %s: %s", report.Family, s.Name, s.Err)
		}
	}
	if report.Result != rehearsal.Passed || len(report.Steps) < 8 {
		t.Errorf("%s: %s after %d steps", report.Family, report.Result, len(report.Steps))
	}
}

// The check of the directory sees every part of it.
func TestDirectoryIsChecked(t *testing.T) {
	c, m := startDev(t)
	check := c.directoryIs(t.Context())
	seen := map[string]bool{}
	_, err := m.demo.Joint(t.Context(), judge.FamilyKitV2, func(s rehearsal.JointStep) error {
		if err := check(s); err != nil {
			t.Error(err)
		}
		for part, spoil := range map[string]func(){
			"tenant":      func() { s.Tenant = &rehearsal.JointTenant{ID: "another"} },
			"client":      func() { s.ClientSecret = "another" },
			"departments": func() { s.Departments = append(s.Departments[:0:0], rehearsal.JointDepartment{Code: "another"}) },
			"users":       func() { s.Users = append(s.Users[:0:0], rehearsal.JointUser{UserName: "another"}) },
		} {
			kept := s
			spoil()
			if err := check(s); err != nil && strings.Contains(err.Error(), part) {
				seen[part] = true
			} else {
				t.Errorf("%s: a wrong %s is not seen: %v", s.Name, part, err)
			}
			s = kept
		}
		return nil
	})
	if err != nil || len(seen) != 4 {
		t.Errorf("%v, %v", seen, err)
	}
}

// Every family passes its whole life, one after the other.
func TestFamilies(t *testing.T) {
	c, m := startDev(t)
	for _, family := range judge.Families() {
		began := time.Now()
		report, err := m.demo.LifeOf(t.Context(), family)
		if err != nil || report.Result != rehearsal.Passed {
			t.Errorf("%s: %+v, %v", family, report, err)
		}
		if r := c.judge(t.Context(), report); r.err != "" && family != judge.FamilyLicenseCode {
			t.Errorf("%s: %s", family, r.err)
		}
		t.Logf("%s: %d steps in %s", family, len(report.Steps), time.Since(began).Round(time.Millisecond))
	}
}
