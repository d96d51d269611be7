// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestTheLoginGuide runs what docs/login.md says, copied from it: from a joint purchase to a user who is logged in to an app over a public
// library, and out of it again.
func TestTheLoginGuide(t *testing.T) {
	if os.Getenv("KOOGATE_LOGIN_TEST") == "" {
		t.Skip("make login-test runs it: it needs npm")
	}
	text, err := os.ReadFile("../../docs/login.md")
	if err != nil {
		t.Fatal(err)
	}
	var script strings.Builder
	for _, m := range regexp.MustCompile("(?ms)^```sh\n(.*?)^```$").FindAllStringSubmatch(string(text), -1) {
		script.WriteString(m[1])
	}
	a := freeAddrs(t, 9)
	dir := t.TempDir()
	r := &reader{t: t, ports: []string{
		"make build\n", "", "bin/koogate dev", program(t) + " dev --jaeger http://127.0.0.1:1 --facade " + a[0] + " --api " + a[1] + " --grpc " + a[2] + " --ops " + a[3] +
			" --sim " + a[4] + " --login " + a[5] + " --app " + a[6] + " --centre " + a[7],
		"127.0.0.1:9090", a[2], "127.0.0.1:8082", a[5], "127.0.0.1:8100", a[7], "127.0.0.1:9000", a[8], "PORT=9000", "PORT=" + a[8][strings.LastIndex(a[8], ":")+1:],
		"dev.log", dir + "/dev.log", "app.log", dir + "/app.log", "../../../secret", dir + "/secret", ">secret", ">" + dir + "/secret", "-c jar -b jar", "-c " + dir + "/jar -b " + dir + "/jar",
		"page.html", dir + "/page.html",
	}}
	began := time.Now()
	cmd := r.command(script.String())
	cmd.Env = append(os.Environ(), "LC_ALL=C", "KOOGATE_CONFIG_DIR="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s from the first command to the last", time.Since(began).Round(time.Millisecond))
	at := 0
	for _, want := range []string{ // in this order
		`log in to the demo app +http://127\.0\.0\.1:\d+/ as sunqi05, password Demo-1234`,
		`added \d+ packages`,
		`<h1>孙七</h1>\n<p>sunqi05 of 鹤翔物流 \(68cbc86a0000000000000000000000c3\)`,
		`DONE`,
		`ACTIVE`,
		`ENDED`,
	} {
		found := regexp.MustCompile(want).FindIndex(out[at:])
		if found == nil {
			t.Fatalf("%s does not come in\n%s", want, out[at:])
		}
		at += found[1]
	}
}
