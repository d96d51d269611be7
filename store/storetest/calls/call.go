// SPDX-License-Identifier: Apache-2.0

package calls

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
	"github.com/koogate/koogate/store/storetest/check"
)

var callCases = []check.Case{
	check.WithStore("ARecordKeepsAllItsFields", allFields),
	check.WithStore("ACallToTheMarketplaceKeepsAllItsFields", outbound),
	check.WithStore("ARecordThatIsThereCountsOnOnly", countsOn),
	check.WithStore("RepetitionsAreNumberedWithinTheirSeries", series),
	check.WithStore("CallsAreFoundByTheirSubjects", subjects),
	check.TwoStores("NoTwoCallsTakeTheSamePlace", places),
	check.WithStore("ComparisonsAddUp", comparisons),
	check.WithStore("RefusalsAddUp", refusals),
	check.WithStore("CallsAreFiltered", filters),
	check.WithStore("PagesOfCallsJoin", pages),
	check.WithStore("CallsAreForgottenInTheirOrder", forgotten),
	check.WithStore("WhatWasSaidIsKeptBesideTheRecord", bodies),
	check.WithStore("BadTextOfACallIsRefused", badText),
}

func call(at time.Duration) store.Call {
	made := storetest.Epoch.Add(at)
	return store.Call{
		Seller: storetest.Seller, ID: storetest.NewIDAt(made), CreatedAt: made, LastAt: made, Times: 1, Endpoint: "main", Verdict: store.CallAnswered, Code: "000000",
		Direction: store.CallInbound,
	}
}

func record(t *testing.T, s store.Store, calls ...store.Call) {
	t.Helper()
	check.Error(t, s.RecordCalls(check.Context(t), calls, nil), nil)
}

func read(t *testing.T, s store.Store, id string) store.Call {
	t.Helper()
	c, err := s.Call(check.Context(t), storetest.Seller, id)
	check.Error(t, err, nil)
	return c
}

func allFields(t *testing.T, s store.Store) {
	c := call(0)
	c.LastAt, c.Times = c.CreatedAt.Add(time.Second), 3
	c.Family, c.Activity, c.OrderID, c.InstanceID = "saas_v2", "newInstance", "CS1", "实例-1"
	c.KeyID, c.TraceID, c.Probe, c.Cause, c.Code, c.Reason, c.HTTPStatus = "k-1", "0af7651916cd43dd8448eb211c80319c", true, store.CauseClock, "000001", "stale", 503
	c.Verdict, c.Took, c.Request, c.Answer, c.Subject = store.CallRefused, 1234*time.Microsecond, 1024, 55, "s"
	c.ReplayOf = storetest.NewID()
	c.Side, c.Comparison, c.OwnCode, c.Rules = store.SideOld, store.CompareDiffers, "000003", "outcome,objections"
	record(t, s, c)
	c.Attempt, c.FirstAt = 1, c.CreatedAt
	if got := read(t, s, c.ID); !reflect.DeepEqual(got, c) {
		t.Fatalf("read\n%+v, written\n%+v", got, c)
	}
	_, err := s.Call(check.Context(t), "other", c.ID)
	check.Error(t, err, store.ErrNotFound)
	for _, id := range []string{storetest.NewID(), storetest.NewIDAt(c.CreatedAt), "", "x", strings.Repeat("f", 36)} {
		_, err = s.Call(check.Context(t), storetest.Seller, id)
		check.Error(t, err, store.ErrNotFound)
	}
}

func outbound(t *testing.T, s store.Store) {
	c := call(0)
	c.Direction, c.Endpoint, c.Verdict, c.Activity, c.Code = store.CallOutbound, "", store.CallUnanswered, "usage_push", ""
	c.Reason, c.OrderID, c.InstanceID, c.Attempt, c.Records, c.TaskID, c.UntilAt = "NETWORK", "CS1", "i-1", 7, 1000, "t-1", c.CreatedAt.Add(time.Hour)
	record(t, s, c)
	record(t, s, c) // once more, as when nobody knows whether it was written
	if got := read(t, s, c.ID); !reflect.DeepEqual(got, c) {
		t.Fatalf("read\n%+v, written\n%+v", got, c)
	}
}

func countsOn(t *testing.T, s store.Store) {
	c := call(0)
	c.Subject, c.Series = "s", time.Hour
	record(t, s, c)
	more := c
	more.LastAt, more.Times, more.Code = c.LastAt.Add(time.Second), 5, "000005"
	record(t, s, more)
	record(t, s, c) // once more, as when nobody knows whether it was written
	foreign := more
	foreign.Seller, foreign.Times = "other", 99
	record(t, s, foreign)
	want := c
	want.LastAt, want.Times, want.Attempt, want.FirstAt, want.Series = more.LastAt, 5, 1, c.CreatedAt, 0
	if got := read(t, s, c.ID); !reflect.DeepEqual(got, want) {
		t.Fatalf("read\n%+v, want\n%+v", got, want)
	}
}

func series(t *testing.T, s store.Store) {
	at := func(minutes int, subject string) store.Call {
		c := call(time.Duration(minutes) * time.Minute)
		c.Subject, c.Series = subject, time.Hour
		return c
	}
	calls := []store.Call{
		at(0, "a"), at(1, "b"), at(30, "a"), at(60, "a"), // an hour after the first is the last of a series
		at(61, "a"), at(62, ""), at(90, "a"), at(200, "b"),
	}
	record(t, s, calls[:3]...)
	other := at(40, "a")
	other.Seller = "other"
	record(t, s, append(calls[3:], other)...)
	want := []struct{ attempt, first int }{{1, 0}, {1, 1}, {2, 0}, {3, 0}, {1, 61}, {0, 0}, {2, 61}, {1, 200}}
	for i, c := range calls {
		got := read(t, s, c.ID)
		first := storetest.Epoch.Add(time.Duration(want[i].first) * time.Minute)
		if c.Subject == "" {
			first = time.Time{}
		}
		if got.Attempt != int64(want[i].attempt) || !got.FirstAt.Equal(first) {
			t.Errorf("call %d: attempt %d since %s, want %d since %s", i, got.Attempt, got.FirstAt, want[i].attempt, first)
		}
	}
	got, err := s.Call(check.Context(t), "other", other.ID)
	check.Error(t, err, nil)
	check.Equal(t, "another seller's attempt", got.Attempt, 1)
}

func places(t *testing.T, handles []store.Store) {
	const each = 20
	ctx := check.Context(t)
	errs := make([]error, len(handles))
	var all sync.WaitGroup
	for h, s := range handles {
		all.Go(func() {
			for i := range each {
				c := call(time.Duration(i) * time.Second)
				c.Subject, c.Series = "s", time.Hour
				errs[h] = errors.Join(errs[h], s.RecordCalls(ctx, []store.Call{c}, nil))
			}
		})
	}
	all.Wait()
	check.Error(t, errors.Join(errs...), nil)
	list, err := handles[0].ListCalls(ctx, store.ListQuery{Seller: storetest.Seller, Limit: 100})
	check.Error(t, err, nil)
	taken := make(map[int64]bool)
	for _, c := range list {
		taken[c.Attempt] = true
	}
	check.Equal(t, "places", len(taken), each*len(handles))
}

func refusals(t *testing.T, s store.Store) {
	ctx, hour := check.Context(t), storetest.Epoch.Truncate(time.Hour)
	count := func(endpoint string, cause store.CallCause, calls int64, first, last int) store.CallRefusal {
		at := func(minutes int) time.Time { return hour.Add(time.Duration(minutes) * time.Minute) }
		return store.CallRefusal{
			Seller: storetest.Seller, Endpoint: endpoint, Cause: cause, Hour: at(first).Truncate(time.Hour), Calls: calls, FirstAt: at(first), LastAt: at(last),
		}
	}
	check.Error(t, s.RecordCalls(ctx, nil, []store.CallRefusal{count("main", store.CauseKey, 3, 5, 9), count("main", store.CauseClock, 1, 6, 6)}), nil)
	check.Error(t, s.RecordCalls(ctx, nil, []store.CallRefusal{
		count("main", store.CauseKey, 2, 4, 7), count("main", store.CauseKey, 1, 60, 60), count("second", store.CauseKey, 1, 1, 1),
	}), nil)
	want := []store.CallRefusal{
		count("main", store.CauseClock, 1, 6, 6), count("main", store.CauseKey, 5, 4, 9), count("second", store.CauseKey, 1, 1, 1),
		count("main", store.CauseKey, 1, 60, 60),
	}
	got, err := s.ListRefusals(ctx, store.ListQuery{Seller: storetest.Seller, Limit: 10})
	check.Error(t, err, nil)
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("read\n%+v, want\n%+v", got, want)
	}
	next, err := s.ListRefusals(ctx, store.ListQuery{
		Seller: storetest.Seller, Limit: 1, After: &store.Cursor{CreatedAt: got[0].Hour, ID: got[0].ID()}, Filter: []store.Term{{Field: "endpoint", Value: "main"}},
	})
	check.Error(t, err, nil)
	check.Equal(t, "the second of a page of one", len(next) == 1 && next[0] == want[1], true)
}

func filters(t *testing.T, s store.Store) {
	var calls []store.Call
	for i := range 24 {
		c := call(time.Duration(i) * time.Second)
		c.OrderID, c.InstanceID = []string{"", "CS1", "CS2"}[i%3], []string{"", "i-1"}[i%2]
		c.Activity, c.Code = []string{"queryInstance", "newInstance"}[i%2], []string{"000000", "000005", "000001"}[i%3]
		if i%4 == 0 {
			c.Verdict = store.CallRefused
		}
		if i%6 == 0 {
			c.Direction = store.CallOutbound
		}
		calls = append(calls, c)
	}
	record(t, s, calls...)
	for _, c := range []struct {
		filter []store.Term
		want   int
	}{
		{nil, 24},
		{[]store.Term{{Field: "order_id", Value: "CS1"}}, 8}, {[]store.Term{{Field: "order_id", Value: ""}}, 8},
		{[]store.Term{{Field: "instance_id", Value: "i-1"}}, 12},
		{[]store.Term{{Field: "result_code", Value: "000000"}}, 8}, {[]store.Term{{Field: "result_code", Value: "000005"}}, 8},
		{[]store.Term{{Field: "verdict", Value: "REFUSED"}}, 6}, {[]store.Term{{Field: "verdict", Value: "ANSWERED"}}, 18},
		{[]store.Term{{Field: "direction", Value: "OUTBOUND"}}, 4}, {[]store.Term{{Field: "direction", Value: "INBOUND"}}, 20},
		{[]store.Term{{Field: "activity", Value: "newInstance"}}, 12}, {[]store.Term{{Field: "activity", Value: "queryInstance"}}, 12},
		{[]store.Term{{Field: "activity", Value: "newInstance"}, {Field: "result_code", Value: "000001"}}, 4},
	} {
		for _, desc := range []bool{false, true} {
			check.Filtered(t, s, "calls", store.ListQuery{Seller: storetest.Seller, Filter: c.filter, Desc: desc, Browsing: desc, Limit: 100}, c.want)
		}
	}
}

// subjects: every attempt of the series that began in time, by subject and attempt; neither other subjects, nor calls without one, nor other sellers.
func subjects(t *testing.T, s store.Store) {
	var want []string
	add := func(subject, seller string, at time.Duration, found bool) {
		c := call(at)
		c.Subject, c.Series, c.Seller = subject, time.Hour, seller
		record(t, s, c)
		if found {
			want = append(want, c.ID)
		}
	}
	add("a", storetest.Seller, 0, false) // began too early
	add("a", storetest.Seller, 30*time.Minute, false)
	add("a", storetest.Seller, 2*time.Hour, true)
	add("a", storetest.Seller, 150*time.Minute, true)
	add("a", storetest.Seller, 10*time.Hour, true) // another series
	add("c", storetest.Seller, 3*time.Hour, true)
	add("b", storetest.Seller, 2*time.Hour, false)
	add("", storetest.Seller, 2*time.Hour, false)
	add("a", "other", 2*time.Hour, false)
	read := func(limit int, subjects ...string) (got []string) {
		rows, err := s.CallsOfSubjects(check.Context(t), storetest.Seller, subjects, storetest.Epoch.Add(time.Hour), limit)
		check.Error(t, err, nil)
		for _, c := range rows {
			got = append(got, c.ID)
		}
		return got
	}
	if got := read(100, "a", "c", "nobody"); !slices.Equal(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	if got := read(2, "c", "a"); !slices.Equal(got, want[:2]) {
		t.Fatalf("got %v, want the first two of %v", got, want)
	}
	if got := read(100); len(got) > 0 {
		t.Fatalf("no subject has %v", got)
	}
}

func pages(t *testing.T, s store.Store) {
	var want []string
	for i := range 7 {
		c := call(time.Duration(i/3) * time.Second) // several at one time
		want = append(want, c.ID)
		record(t, s, c)
	}
	slices.Sort(want) // their IDs begin with their times, and order what was made at the same time
	var got []string
	q := store.ListQuery{Seller: storetest.Seller, Limit: 2}
	for {
		page, err := s.ListCalls(check.Context(t), q)
		check.Error(t, err, nil)
		if len(page) == 0 {
			break
		}
		for _, c := range page {
			got = append(got, c.ID)
		}
		q.After = &store.Cursor{CreatedAt: page[len(page)-1].CreatedAt, ID: got[len(got)-1]}
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("pages %v, want %v", got, want)
	}
}

func forgotten(t *testing.T, s store.Store) {
	ctx, day := check.Context(t), 24*time.Hour
	for i := range 5 {
		c := call(time.Duration(i) * day)
		if i == 1 || i == 4 {
			c.Seller = "other" // after the first one's, and before
		}
		record(t, s, c)
		hour := storetest.Epoch.Add(time.Duration(i) * day).Truncate(time.Hour)
		check.Error(t, s.RecordCalls(ctx, nil, []store.CallRefusal{
			{Seller: storetest.Seller, Endpoint: "main", Cause: store.CauseKey, Hour: hour, Calls: 1, FirstAt: hour, LastAt: hour},
		}), nil)
	}
	check.At(s, storetest.Epoch.Add(10*day+time.Hour))
	for _, want := range []int{4, 2, 0} { // two of each kind at once; those of the last two days stay
		n, err := s.ForgetCalls(ctx, 8*day, 2)
		check.Error(t, err, nil)
		check.Equal(t, "forgotten", n, want)
	}
	calls, err := s.ListCalls(ctx, store.ListQuery{Seller: storetest.Seller, Limit: 10})
	check.Error(t, err, nil)
	others, err := s.ListCalls(ctx, store.ListQuery{Seller: "other", Limit: 10})
	check.Error(t, err, nil)
	left, err := s.ListRefusals(ctx, store.ListQuery{Seller: storetest.Seller, Limit: 10})
	check.Error(t, err, nil)
	if len(calls) != 1 || len(others) != 1 || len(left) != 2 || !calls[0].CreatedAt.Equal(storetest.Epoch.Add(3*day)) {
		t.Fatalf("%d and %d calls and %d counts are left: %+v", len(calls), len(others), len(left), calls)
	}
}

func bodies(t *testing.T, s store.Store) {
	ctx, day := check.Context(t), 24*time.Hour
	said := func(seller, id string) string {
		t.Helper()
		body, err := s.CallBody(ctx, seller, id)
		if errors.Is(err, store.ErrNotFound) {
			return ""
		}
		check.Error(t, err, nil)
		return string(body)
	}
	var ids []string
	for i := range 5 {
		c := call(time.Duration(i) * day)
		c.Body = []byte{byte('a' + i), 0, 0xff}
		switch i {
		case 1:
			c.Seller = "other"
		case 2:
			c.Body = nil
		}
		record(t, s, c)
		c.Body = []byte("written again, as when nobody knows whether it was written")
		if i == 3 {
			record(t, s, c)
		}
		ids = append(ids, c.ID)
	}
	check.Equal(t, "the first", said(storetest.Seller, ids[0]), "a\x00\xff")
	check.Equal(t, "another seller's", said(storetest.Seller, ids[1]), "")
	check.Equal(t, "as the other", said("other", ids[1]), "b\x00\xff")
	check.Equal(t, "nothing was said", said(storetest.Seller, ids[2]), "")
	check.Equal(t, "written twice", said(storetest.Seller, ids[3]), "d\x00\xff")
	check.Equal(t, "no ID", said(storetest.Seller, "x"), "")
	check.At(s, storetest.Epoch.Add(10*day+time.Hour))
	for _, want := range []int{1, 1, 0} { // of the two that are old enough one at once
		n, err := s.ForgetCallBodies(ctx, 8*day, 1)
		check.Error(t, err, nil)
		check.Equal(t, "forgotten", n, want)
	}
	check.Equal(t, "forgotten", said(storetest.Seller, ids[0])+said("other", ids[1]), "")
	check.Equal(t, "kept", said(storetest.Seller, ids[3])+said(storetest.Seller, ids[4]), "d\x00\xffe\x00\xff")
	calls, err := s.ListCalls(ctx, store.ListQuery{Seller: storetest.Seller, Limit: 10})
	check.Error(t, err, nil)
	check.Equal(t, "records", len(calls), 4)
}

func badText(t *testing.T, s store.Store) {
	good, bad := call(0), call(0)
	bad.OrderID = "CS\x00"
	check.Error(t, s.RecordCalls(check.Context(t), []store.Call{good, bad}, nil), store.ErrBadText)
	_, err := s.Call(check.Context(t), storetest.Seller, good.ID)
	check.Error(t, err, store.ErrNotFound)
}
