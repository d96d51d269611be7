// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestPayloads(t *testing.T) {
	var topics []string
	for i := range 2000 {
		topics = append(topics, fmt.Sprintf("q\x1fdemo\x1fqueue-%d", i))
	}
	sender := newSender()
	var got []string
	for _, p := range payloads(sender, append(topics, strings.Repeat("x", 9000))) {
		if len(p) > maxPayload {
			t.Fatalf("payload of %d bytes", len(p))
		}
		parts := strings.Split(p, separator)
		if parts[0] != sender {
			t.Fatalf("sender %q, want %q", parts[0], sender)
		}
		got = append(got, parts[1:]...)
	}
	if !slices.Equal(got, append(topics, everybody)) {
		t.Fatalf("topics changed on the way: %d of %d", len(got), len(topics)+1)
	}
}

func TestTooManyTopicsWakeEverybody(t *testing.T) {
	n := &notifier{pending: make(map[string]struct{}), wake: make(chan struct{}, 1)}
	for i := range maxTopics + 1 {
		n.notify(fmt.Sprint(i))
	}
	if _, ok := n.pending[everybody]; !ok || len(n.pending) != 1 {
		t.Fatalf("%d topics are pending", len(n.pending))
	}
}

func TestChannelOf(t *testing.T) {
	long := channelOf(strings.Repeat("模", 40))
	if len(long) > 63 || !strings.HasPrefix(long, "koogate 模") || strings.ContainsRune(long, '\uFFFD') {
		t.Fatalf("channel %q of %d bytes", long, len(long))
	}
}
