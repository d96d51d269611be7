// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/koogate/koogate/cmd/koogate/internal/remote/contexts"
	"github.com/koogate/koogate/cmd/koogate/internal/remote/rowfile"
	"github.com/koogate/koogate/cmd/koogate/internal/remote/show"
	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/koogallery/wiretime"
)

// Import is koogate import.
type Import struct {
	File     string `arg:"" help:"The instances, as CSV with a header line or as JSON; - is the standard input." predictor:"file"`
	Format   string `help:"csv or json; without it, what the file's name ends in." enum:",csv,json" default:"" placeholder:"FORMAT"`
	Endpoint string `help:"The endpoint of rows that name none." placeholder:"NAME"`
	Zone     string `help:"The zone of times that name none (20271123155959): utc, as the marketplace's, or beijing." enum:"utc,beijing" default:"utc" placeholder:"ZONE"`
	Report   string `help:"Write the verdict on every row to this file, as CSV." placeholder:"FILE" predictor:"file"`
	because
	dry
	show.Form
	contexts.Choice
}

// Help is shown by koogate import --help.
func (*Import) Help() string {
	return `Takes over instances that another integration has created. From then on each is as if Koogate had created it. Run it with --dry-run first: it says what
would become of each row and changes nothing. Running it again changes nothing either: a row that is there is UNCHANGED, and one that is there in another
form DIFFERS and is left alone. A row that is wrong is INVALID and costs none of the others. The exit code is 0 when every row is CREATED or UNCHANGED.

The columns, in any order: ` + strings.Join(rowfile.Columns(), ", ") + `.
Required are endpoint (or --endpoint), order_id, order_line_id (not in the V1 families), instance_id, product_id, state (ACTIVE, FROZEN, EXPIRED or RELEASED) and
front_end_url (of what is not RELEASED). The columns package_… say what a package holds of one fee item, in a row for each. JSON is an array of objects, or one object a line, with the same names. Times are RFC 3339, or digits as the marketplace
writes them, in the zone of --zone.

The screen tells the first rows that are not as they should be; --report tells all, and -o json or -o yaml tells all to the standard output. None of them shows what the access information and the customer's ID are. docs/moving-in.md is the whole way.

Examples:
  koogate import instances.csv --endpoint shop --reason 'moving in' --dry-run
  koogate import instances.csv --endpoint shop --reason 'moving in' --report verdicts.csv
  psql -c "copy (select …) to stdout csv header" | koogate import - --format csv --reason 'moving in'`
}

// Asks names the rpc.
func (*Import) Asks() []protoreflect.FullName { return asks(&koogatev1.ImportInstancesRequest{}) }

// The bounds of one call: the API's number of rows, and somewhat less than its number of bytes.
const (
	importBatch = 500
	importBytes = 900 << 10
)

// shownRows is how many rows without success the screen shows.
const shownRows = 20

// Run implements the command.
func (c *Import) Run(ctx context.Context, env *Env) (err error) {
	format := cmp.Or(c.Format, map[string]string{".csv": rowfile.CSV, ".json": rowfile.JSON, ".jsonl": rowfile.JSON, ".ndjson": rowfile.JSON}[strings.ToLower(filepath.Ext(c.File))])
	if format == "" {
		return Usagef("say what %s is: --format csv, or --format json", c.File)
	}
	if c.File == "-" && c.TokenFile == "-" {
		return Usagef("the standard input is the file or the token, and not both")
	}
	in := env.In
	if c.File != "-" {
		file, err := os.Open(c.File)
		if err != nil {
			return err
		}
		defer func() { _ = file.Close() }()
		if to, err := os.Stat(c.Report); err == nil && same(file, to) {
			return Usagef("--report names the file that is read")
		}
		in = file
	}
	zone := time.UTC
	if c.Zone == "beijing" {
		zone = wiretime.Beijing()
	}
	rows, err := rowfile.New(in, format, zone)
	if err != nil {
		return Usagef("%s: %v", c.File, err)
	}
	return with(c.Choice, env, c.Output, func(s *service) error {
		im := &importing{Import: c, env: env, service: s, began: env.Clock.Now(), told: env.Out.Out}
		if !c.Table() {
			im.told = env.Out.Err
			im.list = show.NewList(env.Out, c.Output, (&koogatev1.ImportResult{}).ProtoReflect().Descriptor(), im.began, false)
		}
		if c.Report != "" {
			if im.report, err = rowfile.NewReport(c.Report); err != nil {
				return err
			}
		}
		return im.run(ctx, rows)
	})
}

func same(file *os.File, other os.FileInfo) bool {
	info, err := file.Stat()
	return err == nil && os.SameFile(info, other)
}

// importing is an import that goes on.
type importing struct {
	*Import
	env     *Env
	service *service
	report  *rowfile.Report // nil for none
	list    *show.List      // of all verdicts, for programs; nil for people
	told    io.Writer       // where the summary goes
	began   time.Time

	batch []rowfile.Row // read, and not told yet
	size  int           // of the request for them
	count [len(verdictNames)]int
	shown int
}

// verdictNames are the verdicts as the summary tells them.
var verdictNames = [...]string{
	koogatev1.ImportVerdict_IMPORT_VERDICT_CREATED: "created", koogatev1.ImportVerdict_IMPORT_VERDICT_UNCHANGED: "there before",
	koogatev1.ImportVerdict_IMPORT_VERDICT_DIFFERS: "there and different", koogatev1.ImportVerdict_IMPORT_VERDICT_INVALID: "invalid",
}

// run imports all rows, and tells the summary in any case: what was taken is taken.
func (im *importing) run(ctx context.Context, rows *rowfile.Reader) error {
	err := im.all(ctx, rows)
	im.env.Out.Status("")
	if im.report != nil {
		err = errors.Join(err, im.report.Close())
	}
	if more := im.bad() - im.shown; more > 0 && im.list == nil {
		fmt.Fprintf(im.env.Out.Err, "and %d more; --report FILE has them all\n", more)
	}
	if im.list != nil {
		err = errors.Join(err, im.list.End())
	}
	fmt.Fprintln(im.told, im.summary())
	if err == nil && im.bad() > 0 {
		return ErrReported
	}
	return err
}

func (im *importing) bad() int {
	return im.count[koogatev1.ImportVerdict_IMPORT_VERDICT_DIFFERS] + im.count[koogatev1.ImportVerdict_IMPORT_VERDICT_INVALID]
}

func (im *importing) summary() string {
	total, parts := 0, []string{}
	for v, name := range verdictNames {
		if name != "" {
			total += im.count[v]
			parts = append(parts, fmt.Sprintf("%d %s", im.count[v], name))
		}
	}
	text := fmt.Sprintf("%d rows: %s, in %s", total, strings.Join(parts, ", "), im.env.Clock.Now().Sub(im.began).Round(100*time.Millisecond))
	if im.DryRun {
		text += "; it was a trial, nothing was changed"
	}
	return text
}

// all reads rows and imports them batch by batch.
func (im *importing) all(ctx context.Context, rows *rowfile.Reader) error {
	for {
		row, err := rows.Next()
		if errors.Is(err, io.EOF) {
			return im.flush(ctx)
		}
		if err != nil {
			return errors.Join(im.flush(ctx), fmt.Errorf("%s: %w", im.File, err))
		}
		if row.Import.GetEndpoint() == "" {
			row.Import.Endpoint = im.Endpoint
		}
		size := proto.Size(row.Import) + 8 // of its tag and length
		if len(im.batch) == importBatch || im.size+size > importBytes {
			if err := im.flush(ctx); err != nil {
				return err
			}
		}
		im.batch, im.size = append(im.batch, row), im.size+size
	}
}

// flush imports the rows that were read, and tells their verdicts in the order of the file.
func (im *importing) flush(ctx context.Context) error {
	request := &koogatev1.ImportInstancesRequest{ValidateOnly: im.DryRun, Reason: im.Reason}
	for _, row := range im.batch {
		if row.Fault == "" {
			request.Rows = append(request.Rows, row.Import)
		}
	}
	var results []*koogatev1.ImportResult
	if len(request.GetRows()) > 0 {
		answer, err := im.service.patient(ctx, request)
		if err != nil {
			return err
		}
		if results = answer.(*koogatev1.ImportInstancesResponse).GetResults(); len(results) != len(request.GetRows()) {
			return fmt.Errorf("the service answered %d verdicts on %d rows", len(results), len(request.GetRows()))
		}
	}
	for _, row := range im.batch {
		r := &koogatev1.ImportResult{
			InstanceId: row.Import.GetInstanceId(), Verdict: koogatev1.ImportVerdict_IMPORT_VERDICT_INVALID, Fields: row.Columns,
			Message: cmp.Or(strings.Join(row.Columns, ", "), "the row") + " " + row.Fault,
		}
		if row.Fault == "" {
			r, results = results[0], results[1:]
		}
		r.Index = int64(row.Number - 1) // in the file
		if n := r.GetVerdict(); int(n) >= len(verdictNames) || verdictNames[n] == "" {
			return fmt.Errorf("the service answered a verdict that this koogate does not know: %s", n)
		}
		if err := im.tell(&row, r); err != nil {
			return err
		}
	}
	im.batch, im.size = im.batch[:0], 0
	im.env.Out.Status(im.summary())
	if im.list != nil {
		return im.list.Flush()
	}
	return nil
}

func verdictOf(r *koogatev1.ImportResult) rowfile.Verdict {
	v := rowfile.Verdict{Name: strings.TrimPrefix(r.GetVerdict().String(), "IMPORT_VERDICT_"), Message: r.GetMessage()}
	for _, field := range r.GetFields() {
		v.Columns = append(v.Columns, strings.Replace(strings.TrimPrefix(field, "access."), "package.", "package_", 1))
	}
	return v
}

// tell counts a row and tells its verdict.
func (im *importing) tell(row *rowfile.Row, r *koogatev1.ImportResult) error {
	im.count[r.GetVerdict()]++
	if im.list != nil {
		if err := im.list.Add(r); err != nil {
			return err
		}
	}
	v := verdictOf(r)
	if im.report != nil {
		if err := im.report.Add(row, v); err != nil {
			return err
		}
	}
	if bad := im.bad(); im.list == nil && bad > im.shown && im.shown < shownRows {
		im.shown++
		im.env.Out.Status("")
		at := fmt.Sprintf("row %d", row.Number)
		if row.Line > 0 {
			at += fmt.Sprintf(" (line %d)", row.Line)
		}
		if len(v.Columns) > 0 {
			v.Name += " (" + strings.Join(v.Columns, ", ") + ")"
		}
		fmt.Fprintf(im.env.Out.Err, "%s: %s: %s\n", at, v.Name, v.Message)
	}
	return nil
}
