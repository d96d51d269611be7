// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/koogate/koogate/koogallery/checker/rule"
)

// The form of JUnit, as continuous integration reads it: a suite for each family, a case for each rule.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Skipped  int          `xml:"skipped,attr"`
		Time     string       `xml:"time,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name       string          `xml:"name,attr"`
		Tests      int             `xml:"tests,attr"`
		Failures   int             `xml:"failures,attr"`
		Errors     int             `xml:"errors,attr"`
		Skipped    int             `xml:"skipped,attr"`
		Time       string          `xml:"time,attr"`
		Timestamp  string          `xml:"timestamp,attr"`
		Hostname   string          `xml:"hostname,attr"`
		Properties []junitProperty `xml:"properties>property"`
		Cases      []junitCase     `xml:"testcase"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Name    string        `xml:"name,attr"`
		Class   string        `xml:"classname,attr"`
		Time    string        `xml:"time,attr"`
		Failure *junitFailure `xml:"failure"`
		Skipped *junitSkipped `xml:"skipped"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
	junitSkipped struct {
		Message string `xml:"message,attr"`
	}
)

// JUnit writes the report as JUnit XML. Language is "zh" or "en". Errors: the writer's.
func JUnit(w io.Writer, r *Report, of Lookup, language string) error {
	v := r.view(of)
	command := cmp.Or(r.Command, "koogate check")
	all := junitSuites{Name: command, Time: seconds(r.Took.Seconds())}
	for _, g := range v.Groups {
		s := junitSuite{
			Name: string(g.Family), Failures: len(g.Failed), Skipped: len(g.Unknown), Tests: len(g.Failed) + len(g.Unknown) + len(g.Held),
			Timestamp: r.At.UTC().Format("2006-01-02T15:04:05"), Hostname: visible(r.Target), Properties: []junitProperty{{"seed", fmt.Sprint(r.Seed)}, {"deep", fmt.Sprint(r.Deep)}},
		}
		total := 0.0
		for _, items := range [][]item{g.Failed, g.Unknown, g.Held} {
			for _, i := range items {
				total += i.Took.Seconds()
				s.Cases = append(s.Cases, i.junit(command, language))
			}
		}
		s.Time = seconds(total)
		all.Suites = append(all.Suites, s)
		all.Tests, all.Failures, all.Skipped = all.Tests+s.Tests, all.Failures+s.Failures, all.Skipped+s.Skipped
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (i item) junit(command, language string) junitCase {
	c := junitCase{Name: i.Rule.ID, Class: strings.ReplaceAll(command, " ", ".") + "." + string(i.Family), Time: seconds(i.Took.Seconds())}
	switch i.Outcome {
	case rule.Fail:
		t := table{language: language}
		t.failed(i)
		c.Failure = &junitFailure{Message: visible(i.Seen.In(language)), Type: string(i.Rule.Severity), Text: "\n" + strings.TrimSpace(t.b.String()) + "\n"}
	case rule.Skip:
		c.Skipped = &junitSkipped{Message: visible(i.Seen.In(language))}
	case rule.Pass:
	}
	return c
}

func seconds(s float64) string { return fmt.Sprintf("%.3f", s) }
