// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/server/work"
	"github.com/koogate/koogate/store"
)

// series returns the metrics that begin with a name, by what follows it.
func (r *rig) series(name string) map[string]string {
	r.t.Helper()
	_, body, _ := r.http(config.ListenerOps, http.MethodGet, "/metrics", "", "")
	found := make(map[string]string)
	for line := range strings.Lines(body) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), name); ok {
			labels, value, _ := strings.Cut(rest, " ")
			found[labels] = value
		}
	}
	return found
}

// Paid orders wait for a worker that is away: the metrics tell how many, since when, how much of the marketplace's window is left,
// and that nobody ever came. They follow within seconds when somebody does.
func TestPaidOrdersThatWaitForAWorkerAreSeen(t *testing.T) {
	t.Parallel()
	r := start(t, withoutJobs)
	r.admit(t, "CS1")
	r.admit(t, "CS2")
	tasks := r.series("koogate_queue_tasks")
	for state, want := range map[string]string{"due": "2", "later": "0", "leased": "0"} {
		if got := tasks[`{kind="CREATE",queue="crm",seller="acme",state="`+state+`"}`]; got != want {
			t.Errorf("%s: %q in %v", state, got, tasks)
		}
	}
	for name, want := range map[string]string{
		`koogate_queue_last_lease_timestamp_seconds{queue="crm",seller="acme"}`:     "0",
		`koogate_queue_last_ask_timestamp_seconds{queue="crm",seller="acme"}`:       "0",
		`koogate_queue_window_seconds_bucket{queue="crm",seller="acme",le="7200"}`:  "0",
		`koogate_queue_window_seconds_bucket{queue="crm",seller="acme",le="10800"}`: "2",
		`koogate_queue_window_seconds_count{queue="crm",seller="acme"}`:             "2",
		`koogate_queue_window_left_seconds{queue="links",seller="acme"}`:            "+Inf",
		`koogate_queue_waiting_seconds{queue="links",seller="acme"}`:                "0",
	} {
		if got := r.series(name)[""]; got != want {
			t.Errorf("%s is %q, want %s", name, got, want)
		}
	}
	for name, begins := range map[string]string{
		`koogate_queue_window_left_seconds{queue="crm",seller="acme"}`:          "107", // of 10800
		`koogate_queue_waiting_seconds{queue="crm",seller="acme"}`:              "0.",
		`koogate_queue_oldest_seconds{kind="CREATE",queue="crm",seller="acme"}`: "0.",
	} {
		if got := r.series(name)[""]; !strings.HasPrefix(got, begins) {
			t.Errorf("%s is %q, want %s…", name, got, begins)
		}
	}
	leased, err := r.Core().Work.Lease(t.Context(), work.Ask{Seller: "acme", Queues: []string{"crm"}, Worker: "w", Max: 1, For: time.Minute})
	if err != nil || len(leased) != 1 || leased[0].Kind != store.TaskCreate {
		t.Fatal(leased, err)
	}
	for range 1000 {
		if r.series(`koogate_queue_last_lease_timestamp_seconds{queue="crm",seller="acme"}`)[""] != "0" {
			if got := r.series(`koogate_queue_tasks{kind="CREATE",queue="crm",seller="acme",state="leased"}`)[""]; got != "1" {
				t.Errorf("leased: %q", got)
			}
			if got := r.series(`koogate_queue_last_ask_timestamp_seconds{queue="crm",seller="acme"}`)[""]; got == "0" {
				t.Error("the worker that came has not asked")
			}
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Error("the worker that came is not seen")
}
