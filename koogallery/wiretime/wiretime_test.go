// SPDX-License-Identifier: Apache-2.0

package wiretime_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/wiretime"
)

func TestParse(t *testing.T) {
	t.Parallel()
	utc := func(y int, m time.Month, d, hh, mm, ss, ms int) time.Time {
		return time.Date(y, m, d, hh, mm, ss, ms*1_000_000, time.UTC)
	}
	tests := []struct {
		name, in string
		want     time.Time
		err      error
	}{
		{"refreshInstance example, saas-v2 §2.5", "20221124023618256", utc(2022, 11, 24, 2, 36, 18, 256), nil},
		{"query order expireTime, open-apis §2.5", "20230726155959", utc(2023, 7, 26, 15, 59, 59, 0), nil},
		{"query order createTime, open-apis §2.5", "20220726064736", utc(2022, 7, 26, 6, 47, 36, 0), nil},
		{"no milliseconds", "20221124023618000", utc(2022, 11, 24, 2, 36, 18, 0), nil},
		{"last millisecond", "20221231235959999", utc(2022, 12, 31, 23, 59, 59, 999), nil},
		{"leap day", "20240229000000", utc(2024, 2, 29, 0, 0, 0, 0), nil},
		{"leap day of 2000", "20000229000000", utc(2000, 2, 29, 0, 0, 0, 0), nil},
		{"first", "20000101000000", utc(2000, 1, 1, 0, 0, 0, 0), nil},
		{"last", "22001231235959999", utc(2200, 12, 31, 23, 59, 59, 999), nil},
		{"year too small", "19991231235959", time.Time{}, wiretime.ErrRange},
		{"year too large", "22010101000000", time.Time{}, wiretime.ErrRange},
		{"for ever", "99991231235959", time.Time{}, wiretime.ErrRange},
		{"year 0", "00000101000000", time.Time{}, wiretime.ErrRange},
		{"all zero", "00000000000000", time.Time{}, wiretime.ErrFormat},
		{"30 February", "20230230000000", time.Time{}, wiretime.ErrFormat},
		{"no leap day", "20230229000000", time.Time{}, wiretime.ErrFormat},
		{"no leap day in 2100", "21000229000000", time.Time{}, wiretime.ErrFormat},
		{"31 April", "20230431000000", time.Time{}, wiretime.ErrFormat},
		{"month 0", "20230001000000", time.Time{}, wiretime.ErrFormat},
		{"month 13", "20231301000000", time.Time{}, wiretime.ErrFormat},
		{"day 0", "20230100000000", time.Time{}, wiretime.ErrFormat},
		{"hour 24", "20230101240000", time.Time{}, wiretime.ErrFormat},
		{"minute 60", "20230101006000", time.Time{}, wiretime.ErrFormat},
		{"leap second", "20161231235960", time.Time{}, wiretime.ErrFormat},
		{"empty", "", time.Time{}, wiretime.ErrFormat},
		{"date only", "20230101", time.Time{}, wiretime.ErrFormat},
		{"thirteen digits", "1680508066618", time.Time{}, wiretime.ErrFormat},
		{"fifteen digits", "202301010000000", time.Time{}, wiretime.ErrFormat},
		{"sixteen digits", "2023010100000000", time.Time{}, wiretime.ErrFormat},
		{"eighteen digits", "202301010000000000", time.Time{}, wiretime.ErrFormat},
		{"dot", "20230101000000.00", time.Time{}, wiretime.ErrFormat},
		{"sign", "+2023010100000", time.Time{}, wiretime.ErrFormat},
		{"blank", " 2023010100000", time.Time{}, wiretime.ErrFormat},
		{"zone", "20230101000000Z", time.Time{}, wiretime.ErrFormat},
		{"letters", "2023010100000O", time.Time{}, wiretime.ErrFormat},
		{"full-width digit", "20230101000０", time.Time{}, wiretime.ErrFormat},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := wiretime.Parse(tt.in)
			if !got.Equal(tt.want) || !errors.Is(err, tt.err) {
				t.Fatalf("Parse = %v, %v; want %v, %v", got, err, tt.want, tt.err)
			}
			if err == nil && got.Location() != time.UTC {
				t.Errorf("location is %v", got.Location())
			}
		})
	}
}

func TestParseIn(t *testing.T) {
	t.Parallel()
	gap, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip("no time zone data")
	}
	tests := []struct {
		name, in string
		loc      *time.Location
		want     time.Time
		err      error
	}{
		{"Beijing", "20230726235959", wiretime.Beijing(), time.Date(2023, 7, 26, 15, 59, 59, 0, time.UTC), nil},
		{"nil is UTC", "20230726155959", nil, time.Date(2023, 7, 26, 15, 59, 59, 0, time.UTC), nil},
		{"year is judged in the zone", "20000101000000", wiretime.Beijing(), time.Date(1999, 12, 31, 16, 0, 0, 0, time.UTC), nil},
		{"skipped hour", "20230326023000", gap, time.Time{}, wiretime.ErrFormat},
		{"summer time", "20230726120000", gap, time.Date(2023, 7, 26, 10, 0, 0, 0, time.UTC), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := wiretime.ParseIn(tt.in, tt.loc)
			if !got.Equal(tt.want) || !errors.Is(err, tt.err) {
				t.Errorf("ParseIn = %v, %v; want %v, %v", got, err, tt.want, tt.err)
			}
		})
	}
}

func TestFormat(t *testing.T) {
	t.Parallel()
	at := time.Date(2023, 7, 26, 23, 59, 59, 256_999_999, wiretime.Beijing())
	if got := wiretime.Format14(at); got != "20230726155959" {
		t.Errorf("Format14 = %s", got)
	}
	if got := wiretime.Format17(at); got != "20230726155959256" {
		t.Errorf("Format17 = %s", got)
	}
	if got := wiretime.Format17(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)); got != "20000101000000000" {
		t.Errorf("Format17 = %s", got)
	}
	// Out of range texts are longer or unreadable, but never a crash.
	for _, year := range []int{-1, 0, 10000} {
		if _, err := wiretime.Parse(wiretime.Format17(time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC))); err == nil {
			t.Errorf("year %d was read back", year)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"20221124023618256", "20230726155959", "20230230000000", "22001231235959999", "19991231235959", "", "2023010100000O"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		at, err := wiretime.Parse(s)
		if err != nil {
			if !at.IsZero() || (!errors.Is(err, wiretime.ErrFormat) && !errors.Is(err, wiretime.ErrRange)) {
				t.Fatalf("Parse(%q) = %v, %v", s, at, err)
			}
			return
		}
		if y := at.Year(); y < wiretime.MinYear || y > wiretime.MaxYear {
			t.Fatalf("year %d accepted", y)
		}
		back := wiretime.Format14(at)
		if len(s) == 17 {
			back = wiretime.Format17(at)
		}
		if back != s {
			t.Fatalf("%q came back as %q", s, back)
		}
		local, err := wiretime.ParseIn(s, wiretime.Beijing())
		if err != nil || !local.Add(8*time.Hour).Equal(at) {
			t.Fatalf("Beijing reading of %q is %v, %v", s, local, err)
		}
	})
}

func ExampleParse() {
	short, err := wiretime.Parse("20230726155959")
	if err != nil {
		fmt.Println(err)
		return
	}
	long, err := wiretime.Parse("20221124023618256")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(short)
	fmt.Println(long)
	// Output:
	// 2023-07-26 15:59:59 +0000 UTC
	// 2022-11-24 02:36:18.256 +0000 UTC
}

func ExampleFormat14() {
	endOfDay := time.Date(2023, 7, 26, 23, 59, 59, 0, wiretime.Beijing())
	fmt.Println(wiretime.Format14(endOfDay))
	// Output: 20230726155959
}
