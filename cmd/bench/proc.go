// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// What Linux tells of its processes.

// tick is the unit of /proc/PID/stat.
const tick = 10 * time.Millisecond

// cpuUsed is the processor time that a process has used so far: to the nanosecond, from its threads that live, or in ticks
// where the kernel does not count that. Threads of a Go program do not end.
func cpuUsed(pid int) time.Duration {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil || len(threads) == 0 {
		s, _ := readStat(pid)
		return s.own
	}
	var sum time.Duration
	for _, file := range threads {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has just ended
		}
		on, _, _ := strings.Cut(string(text), " ")
		ns, _ := strconv.ParseInt(on, 10, 64)
		sum += time.Duration(ns)
	}
	return sum
}

// stat is what /proc/PID/stat tells of a process.
type stat struct {
	parent      int
	own, reaped time.Duration // its processor time, and that of its children that have ended
}

func readStat(pid int) (stat, bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return stat{}, false
	}
	return parseStat(string(text))
}

func parseStat(text string) (s stat, ok bool) {
	f := strings.Fields(text[strings.LastIndexByte(text, ')')+1:]) // the name before may hold anything
	if len(f) < 15 {
		return s, false
	}
	number := func(i int) int64 { n, _ := strconv.ParseInt(f[i], 10, 64); return n }
	return stat{
		parent: int(number(1)), own: time.Duration(number(11)+number(12)) * tick, reaped: time.Duration(number(13)+number(14)) * tick,
	}, true
}

// memoryUsed is what the kernel holds for a process, in bytes; 0 when it cannot be told.
func memoryUsed(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0
	}
	f := strings.Fields(string(text))
	pages, _ := strconv.ParseInt(f[1], 10, 64)
	return pages * int64(os.Getpagesize())
}

// bytesWritten is how many bytes a process has written so far, to files and connections; 0 when it cannot be told.
func bytesWritten(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", pid))
	if err != nil {
		return 0
	}
	return parseWritten(string(text))
}

func parseWritten(text string) int64 {
	_, after, _ := strings.Cut(text, "wchar: ")
	number, _, _ := strings.Cut(after, "\n")
	n, _ := strconv.ParseInt(number, 10, 64)
	return n
}
