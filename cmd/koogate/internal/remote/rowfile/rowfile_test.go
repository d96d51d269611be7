// SPDX-License-Identifier: Apache-2.0

package rowfile_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/koogate/koogate/cmd/koogate/internal/remote/rowfile"
	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/koogallery/wiretime"
)

// read reads all rows of a text.
func read(t *testing.T, format, text string, zone *time.Location) (rows []rowfile.Row, err error) {
	t.Helper()
	r, err := rowfile.New(strings.NewReader(text), format, zone)
	if err != nil {
		return nil, err
	}
	for {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		rows = append(rows, row)
	}
}

// The columns are the fields of the contract's row, and each fills in its own field and no other.
func TestEveryFieldHasAColumn(t *testing.T) {
	var fields []string
	of := (&koogatev1.ImportRow{}).ProtoReflect().Descriptor().Fields()
	for i := range of.Len() {
		f := of.Get(i)
		if f.Message() == nil || f.Message().FullName() == "google.protobuf.Timestamp" {
			fields = append(fields, string(f.Name()))
			continue
		}
		for k := range f.Message().Fields().Len() {
			name := string(f.Message().Fields().Get(k).Name())
			if f.Name() == "package" { // whose fields have names that the row has too
				name = "package_" + name
			}
			fields = append(fields, name)
		}
	}
	if got := rowfile.Columns(); !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(fields))) {
		t.Fatalf("the columns are %v, and the contract has %v", got, fields)
	}
	for _, name := range rowfile.Columns() {
		value := map[string]string{
			"quantity": "7", "state": "expired", "trial": "TRUE", "product_in_key": "yes", "expire_time": "2027-11-23T15:59:59Z", "create_time": "20250301080000",
			"package_reset": "month", "package_begin_time": "20250301080000", "package_priority": "7", "package_keep_going": "1",
		}[name]
		if value == "" {
			value = "a value"
		}
		rows, err := read(t, rowfile.CSV, name+"\n"+value+"\n", time.UTC)
		if err != nil || len(rows) != 1 || rows[0].Fault != "" {
			t.Fatalf("%s: %+v %v", name, rows, err)
		}
		var set []string
		var walk func(m protoreflect.Message, prefix string)
		walk = func(m protoreflect.Message, prefix string) {
			m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
				switch f.Name() {
				case "access":
					walk(v.Message(), "")
				case "package":
					walk(v.Message(), "package_")
				default:
					set = append(set, prefix+string(f.Name()))
				}
				return true
			})
		}
		walk(rows[0].Import.ProtoReflect(), "")
		if !slices.Equal(set, []string{name}) {
			t.Errorf("the column %s fills in %v", name, set)
		}
		list, err := read(t, rowfile.JSON, fmt.Sprintf(`{%q:%q}`, name, value), time.UTC)
		if err != nil || len(list) != 1 || !proto.Equal(list[0].Import, rows[0].Import) {
			t.Errorf("%s in JSON: %v %v", name, list, err)
		}
	}
}

// A file may say of every row that nothing is granted anew: that makes no package of it.
func TestWhatIsNoPackage(t *testing.T) {
	rows, err := read(t, rowfile.CSV, "order_id,package_reset,package_priority,package_keep_going,package_quota\nCS1,none,0,no,\n", time.UTC)
	if err != nil || rows[0].Fault != "" || rows[0].Import.GetPackage() != nil {
		t.Errorf("%+v %v", rows, err)
	}
}

// Times that name no zone are of the reader's zone, in both forms of the marketplace.
func TestTimesHaveAZone(t *testing.T) {
	want := time.Date(2027, 11, 23, 15, 59, 59, 0, time.UTC)
	for text, zone := range map[string]*time.Location{
		"20271123155959": time.UTC, "20271123155959000": time.UTC, "20271123235959": wiretime.Beijing(), "2027-11-23T23:59:59+08:00": time.UTC, "2027-11-23T15:59:59Z": wiretime.Beijing(),
	} {
		rows, err := read(t, rowfile.CSV, "expire_time\n"+text+"\n", zone)
		if err != nil || rows[0].Fault != "" || !rows[0].Import.GetExpireTime().AsTime().Equal(want) {
			t.Errorf("%s: %v %v", text, rows, err)
		}
	}
	for _, text := range []string{"2027-10-01", "2.02711E+13", "20271323155959", "1763913599"} {
		rows, err := read(t, rowfile.CSV, "expire_time\n"+text+"\n", time.UTC)
		if err != nil || !reflect.DeepEqual(rows[0].Columns, []string{"expire_time"}) || strings.Contains(rows[0].Fault, text) {
			t.Errorf("%s: %+v %v", text, rows, err)
		}
	}
}

// What cannot be read is one row's fault, told without its text.
func TestFaultsAreOfTheirRow(t *testing.T) {
	rows, err := read(t, rowfile.CSV, "order_id\tquantity\ttrial\tmemo\r\nCS1\t1.0\tmaybe\t\r\nCS2\t\t\t\xb2\xe2\r\nCS3\r\nCS4\t5\t0\t"+strings.Repeat("x", rowfile.MaxRow)+"\r\nCS5\t5\tfalse\t two \r\n", time.UTC)
	if err != nil || len(rows) != 5 {
		t.Fatal(rows, err)
	}
	for k, want := range []struct {
		columns []string
		fault   string
	}{{[]string{"quantity"}, "is no whole number"}, {[]string{"memo"}, "is not UTF-8: save the file as CSV UTF-8"}, {nil, "has 1 fields, and the header 4"}, {nil, "is longer than 65536 bytes"}, {}} {
		if rows[k].Number != k+1 || rows[k].Line != k+2 || rows[k].Fault != want.fault || !slices.Equal(rows[k].Columns, want.columns) {
			t.Errorf("row %d: %d %d %q %v", k+1, rows[k].Number, rows[k].Line, rows[k].Fault, rows[k].Columns)
		}
	}
	if i := rows[4].Import; i.GetAccess().GetMemo() != " two " || i.GetQuantity() != 5 || i.GetTrial() {
		t.Errorf("%v", i)
	}
	for text, want := range map[string]string{
		`[{"order_id":"CS1"}] x`: "something follows the array", `[{"order_id":"CS1"}`: "the file ends within it", `[{"order_id":"CS1"},`: "the file ends within it",
		`{"order_id":"CS1"} nonsense`: "row 2: the file is no JSON there", `[{"order_id":"CS1"} {}]`: "row 2: the file is no JSON there",
	} {
		rows, err := read(t, rowfile.JSON, text, time.UTC)
		if err == nil || !strings.Contains(err.Error(), want) || len(rows) != 1 {
			t.Errorf("%s: %v %v", text, rows, err)
		}
	}
	rows, err = read(t, rowfile.JSON, "\ufeff[]\n", time.UTC)
	if err != nil || len(rows) != 0 {
		t.Errorf("%v %v", rows, err)
	}
}

// Whatever a file holds, reading it ends, and nothing of it is in an error but names of columns and numbers.
func FuzzRead(f *testing.F) {
	f.Add(true, "order_id,password\r\nCS1,\"p\"\"q\"\n")
	f.Add(false, `[{"order_id":"CS1","trial":true,"quantity":3},{"x":1}]`)
	f.Fuzz(func(t *testing.T, csv bool, text string) {
		format := rowfile.JSON
		if csv {
			format = rowfile.CSV
		}
		rows, _ := read(t, format, text, time.UTC)
		for _, row := range rows {
			if row.Fault == "" && len(row.Columns) > 0 {
				t.Errorf("%+v", row)
			}
		}
	})
}

// A spreadsheet takes nothing of a report for a formula, and only its owner reads it.
func TestReport(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.csv")
	r, err := rowfile.NewReport(path)
	if err != nil {
		t.Fatal(err)
	}
	row := rowfile.Row{Number: 3, Import: &koogatev1.ImportRow{OrderId: "=cmd()", OrderLineId: "+1", InstanceId: "@x", Access: &koogatev1.InstanceAccess{Password: "canary"}}}
	if err := r.Add(&row, rowfile.Verdict{Name: "INVALID", Columns: []string{"state", "family"}, Message: "-, \"quoted\""}); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if want := "row,line,order_id,order_line_id,instance_id,verdict,columns,message\n3,,'=cmd(),'+1,'@x,INVALID,state family,\"'-, \"\"quoted\"\"\"\n"; err != nil || string(text) != want {
		t.Errorf("%q %v", text, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
}
