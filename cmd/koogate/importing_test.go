// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A file of a spreadsheet is tried, imported and imported again; every row has its verdict on the screen and in the report, and nobody sees what is secret.
func TestImporting(t *testing.T) {
	r := newRemoteSite(t)
	r.login(t)
	file := write(t, "instances.csv", "\ufeffOrder_ID;order_line_id;instance_id;product_id;state;expire_time;front_end_url;user_name;password;memo;customer_id\r\n"+
		"CS1;CS1-1;old-1;OFFI-1;active;2027-11-23T23:59:59+08:00;https://one.example.com/;canary-user; canary ;\"canary; and\r\n\"\"more\"\"\";canary-c\r\n"+
		"CS2;CS2-1;old-2;OFFI-1;EXPIRED;20261123155959;https://two.example.com/;;;;\r\n"+
		"\r\n"+
		"CS3;CS3-1;old-3;OFFI-1;canary-state;;https://three.example.com/;;;;\r\n"+
		"CS4;CS4-1;old-4;OFFI-1;ACTIVE\r\n"+
		"CS5;CS5-1;=old-5;OFFI-1;ACTIVE;canary-time;https://five.example.com/;;;;\r\n"+
		"CS6;CS6-1;old-6;OFFI-1;ACTIVE;;javascript:canary;;;;\r\n"+
		"CS7;CS7-1;old-1;OFFI-1;ACTIVE;;https://seven.example.com/;;;;\r\n")
	report := filepath.Join(t.TempDir(), "report.csv")
	quiet := func(text string) {
		t.Helper()
		if strings.Contains(text, "canary") {
			t.Errorf("a value is shown:\n%s", text)
		}
	}
	importing := func(want int, args ...string) (out, errs string) {
		t.Helper()
		out, errs = does(t, want, append([]string{"import", "--reason", "moving in", "--endpoint", "main"}, args...)...)
		quiet(out + errs)
		return regexp.MustCompile(`in [0-9.]+m?s`).ReplaceAllString(out, "in TIME"), errs
	}
	faults := []string{
		"row 3 (line 6): INVALID (state): state is none of ACTIVE, FROZEN, EXPIRED and RELEASED", "row 4 (line 7): INVALID: the row has 5 fields, and the header 11",
		"row 5 (line 8): INVALID (expire_time): expire_time is no time: write ", "row 6 (line 9): INVALID (front_end_url): access.front_end_url: must be http or https",
	}
	out, errs := importing(exitFailed, file, "--dry-run")
	has(t, out, "7 rows: 2 created, 0 there before, 0 there and different, 5 invalid, in TIME; it was a trial, nothing was changed")
	has(t, errs, faults...)
	does(t, exitFailed, "instances", "get", "old-1")
	out, errs = importing(exitFailed, file, "--report", report)
	has(t, out, "7 rows: 2 created, 0 there before, 0 there and different, 5 invalid, in TIME\n")
	has(t, errs, append(faults, "row 7 (line 10): INVALID (instance_id): instance_id: belongs to another order")...)
	text, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	quiet(string(text))
	has(t, string(text), "row,line,order_id,order_line_id,instance_id,verdict,columns,message\n1,2,CS1,CS1-1,old-1,CREATED,,\n2,4,CS2,CS2-1,old-2,CREATED,,\n",
		"\n5,8,CS5,CS5-1,'=old-5,INVALID,expire_time,\"expire_time is no time")
	if info, err := os.Stat(report); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others read the report: %v %v", info.Mode(), err)
	}
	out, _ = importing(exitFailed, file)
	has(t, out, "7 rows: 0 created, 2 there before, 0 there and different, 5 invalid")
	got := object(t, must(does(t, exitOK, "instances", "get", "old-1", "-o", "json")))
	if got["state"] != "INSTANCE_STATE_ACTIVE" || got["expireTime"] != "2027-11-23T15:59:59Z" || got["endpoint"] != "main" {
		t.Errorf("%v", got)
	}
	a, err := r.call(t.Context(), `{"activity":"queryInstance","instanceId":"old-1"}`)
	if err != nil || a.ResultCode != "000000" || a.Info[0].AppInfo.Password != " canary " || a.Info[0].AppInfo.UserName != "canary-user" {
		t.Errorf("%+v %v", a, err)
	}
	out, _ = does(t, exitOK, "audit", "list", "--filter", `action = "koogate.v1.InstanceService/ImportInstances"`, "-o", "json")
	if rows := objects(t, out); len(rows) != 1 || rows[0]["reason"] != "moving in" {
		t.Errorf("%s", out)
	}

	lines := `{"order_id":"CS1","order_line_id":"CS1-1","instance_id":"old-1","product_id":"OFFI-1","state":"ACTIVE","password":"canary-2","quantity":7}
{"order_id":"CS8","order_line_id":"CS8-1","instance_id":"old-8","product_id":"OFFI-1","state":"RELEASED","quantity":3,"trial":true,"customer_id":null}
{"order_id":"CS9","pasword":"canary"}
{"order_id":["canary"]}
"canary"
`
	typed(t, lines)
	out, errs = importing(exitFailed, "-", "--format", "json")
	has(t, out, "5 rows: 1 created, 0 there before, 0 there and different, 4 invalid")
	has(t, errs, "row 1: INVALID (front_end_url): ", "row 3: INVALID (pasword): pasword is no column; they are endpoint, ", "row 4: INVALID (order_id): order_id is a list", "row 5: INVALID: the row is no object")
	array := write(t, "instances.json", ` [{"order_id":"CS8","order_line_id":"CS8-1","instance_id":"old-8","product_id":"OFFI-2","state":"RELEASED","trial":true}]`)
	out, errs = importing(exitFailed, array)
	has(t, out, "1 rows: 0 created, 0 there before, 1 there and different, 0 invalid")
	has(t, errs, "row 1: DIFFERS (product_id): it is there already, and differs; nothing was changed")

	out, errs = importing(exitFailed, file, "-o", "json")
	if rows := objects(t, out); len(rows) != 7 || rows[6]["index"] != "6" || rows[3]["verdict"] != "IMPORT_VERDICT_INVALID" || rows[0]["verdict"] != "IMPORT_VERDICT_UNCHANGED" || rows[0]["instanceId"] != "old-1" {
		t.Errorf("%s", out)
	}
	has(t, errs, "7 rows: 0 created, 2 there before")

	for name, c := range map[string]struct {
		args []string
		part string
	}{
		"no format":   {[]string{write(t, "instances.txt", "x")}, "say what"},
		"no header":   {[]string{write(t, "bare.csv", "canary-1,canary-2\n")}, "its entry 1 names none; they are endpoint, family, order_id"},
		"twice":       {[]string{write(t, "twice.csv", "state,state\n")}, "the header names state twice"},
		"empty":       {[]string{write(t, "empty.csv", "")}, "the file is empty"},
		"empty JSON":  {[]string{write(t, "empty.json", " \n")}, "the file is empty"},
		"UTF-16":      {[]string{write(t, "wide.csv", "\xff\xfes\x00")}, "UTF-16: save it as CSV UTF-8"},
		"report":      {[]string{file, "--report", file}, "--report names the file that is read"},
		"two of them": {[]string{"-", "--format", "csv", "--token-file", "-"}, "the standard input is the file or the token"},
	} {
		_, errs := importing(exitUsage, c.args...)
		if !strings.Contains(errs, c.part) {
			t.Errorf("%s: %s", name, errs)
		}
	}
	_, errs = importing(exitFailed, write(t, "cut.json", `[{"order_id":"CS1"},{"order_id":"canary`))
	has(t, errs, "row 2: the file ends within it")
	_, errs = importing(exitFailed, write(t, "quote.csv", "order_id,memo\nCS1,\"canary\"x\n"))
	has(t, errs, "line 2: ")
	_, errs = importing(exitFailed, "/nonexistent/x.csv")
	has(t, errs, "no such file")

	var many strings.Builder
	many.WriteString("order_id,order_line_id,instance_id,product_id,state,front_end_url\n")
	for n := range 1001 {
		fmt.Fprintf(&many, "CSm%d,1,many-%d,OFFI-1,ACTIVE,%s\n", n, n, []string{"https://m.example.com/", "none"}[min(1, n%25)])
	}
	out, errs = importing(exitFailed, write(t, "many.csv", many.String()))
	has(t, out, "1001 rows: 41 created, 0 there before, 0 there and different, 960 invalid")
	if has(t, errs, "and 940 more; --report FILE has them all"); strings.Count(errs, "INVALID") != 20 {
		t.Errorf("%s", errs)
	}
}
