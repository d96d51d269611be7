// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/koogate/koogate/cmd/koogate/internal/remote/contexts"
	"github.com/koogate/koogate/cmd/koogate/internal/remote/show"
	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
)

// Usage are the commands of koogate usage that ask a service.
type Usage struct {
	Windows List[koogatev1.ListUsageWindowsRequest, browse] `cmd:"" help:"Show what was reported, by instance, window and package; --filter by instance_id and package_id."`
	Records List[koogatev1.ListUsageRecordsRequest, browse] `cmd:"" help:"Show the records for the marketplace; --filter by instance_id, package_id and state."`
	Report  usageReport                                     `cmd:"" help:"Report usage from a file, each record once; exit code 1 when one is refused."`
	Correct Act[koogatev1.CorrectUsageRequest, correction]  `cmd:"" help:"Replace the value of a record that was not pushed yet."`
	Retry   Act[koogatev1.RetryUsageRequest, sentAgain]     `cmd:"" help:"Send the refused records of an instance again."`
}

type correction struct {
	Key      string `arg:"" api:"1" help:"A key of your own for the correction, which makes it happen once."`
	Corrects string `api:"corrects" required:"" help:"The key of the record." placeholder:"KEY"`
	Value    string `api:"value" required:"" help:"The right value; 0 takes the record back." placeholder:"DECIMAL"`
	why
}

type sentAgain struct {
	one
	forced
	why
}

// usageReport is koogate usage report.
type usageReport struct {
	File string `arg:"" help:"The records: JSON, one object a line or one array; - is the standard input." predictor:"file"`
	show.Form
	contexts.Choice
}

// Help is shown by koogate usage report --help.
func (*usageReport) Help() string {
	return `A record is what POST /v1/usage:report takes: key, instanceId, value, endTime, and beginTime and packageId where there are any. The key makes
it count once, so a file may be reported again after a failure. Records go out in batches of 1000. Shown are those that were not added.

Example:
  echo '{"key":"k-1","instanceId":"0193a1c2-…","value":"3","endTime":"2026-11-29T08:00:00Z"}' | koogate usage report -`
}

// Asks names the rpc.
func (*usageReport) Asks() []protoreflect.FullName { return asks(&koogatev1.ReportUsageRequest{}) }

// usageBatch is how many records one call takes.
const usageBatch = 1000

// Run implements the command.
func (c *usageReport) Run(ctx context.Context, env *Env) error {
	records, err := c.records(env)
	if err != nil {
		return err
	}
	return with(c.Choice, env, c.Output, func(s *service) error {
		list := show.NewList(env.Out, c.Output, (&koogatev1.ReportedUsage{}).ProtoReflect().Descriptor(), env.Clock.Now(), false)
		var added, duplicates, refused, later int
		tell := func() {
			fmt.Fprintf(env.Out.Err, "%d added, %d there before, %d refused", added, duplicates, refused)
			if later > 0 {
				fmt.Fprintf(env.Out.Err, ", %d to be reported again later", later)
			}
			fmt.Fprintln(env.Out.Err)
		}
		for begin := 0; begin < len(records); begin += usageBatch {
			batch := records[begin:min(begin+usageBatch, len(records))]
			said, err := s.patient(ctx, &koogatev1.ReportUsageRequest{Records: batch})
			if err != nil {
				tell()
				return errors.Join(list.Flush(), err)
			}
			answer := said.(*koogatev1.ReportUsageResponse)
			added += int(answer.GetAdded())
			for _, r := range answer.GetResults() {
				r.Index += int64(begin)
				switch r.GetOutcome() {
				case koogatev1.UsageOutcome_USAGE_OUTCOME_DUPLICATE:
					duplicates++
				case koogatev1.UsageOutcome_USAGE_OUTCOME_NOT_YET:
					later++
				default:
					refused++
				}
				if err := list.Add(r); err != nil {
					return err
				}
			}
		}
		if c.Table() {
			tell()
		}
		if !c.Table() || duplicates+refused+later > 0 {
			if err := list.End(); err != nil {
				return err
			}
		}
		if refused+later > 0 {
			return ErrReported
		}
		return nil
	})
}

// records reads the file: an array, or objects one behind the other.
func (c *usageReport) records(env *Env) ([]*koogatev1.RawUsage, error) {
	text, err := env.read(c.File)
	if err != nil {
		return nil, err
	}
	in := json.NewDecoder(bytes.NewReader(text))
	var objects []json.RawMessage
	if text = bytes.TrimSpace(text); len(text) > 0 && text[0] == '[' {
		if err := in.Decode(&objects); err != nil {
			return nil, Usagef("%s: %v", c.File, err)
		}
	}
	for {
		var object json.RawMessage
		err := in.Decode(&object)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, Usagef("%s: behind %d records: %v", c.File, len(objects), err)
		}
		objects = append(objects, object)
	}
	if len(objects) == 0 {
		return nil, Usagef("%s holds no record", c.File)
	}
	records := make([]*koogatev1.RawUsage, 0, len(objects))
	for i, object := range objects {
		record := &koogatev1.RawUsage{}
		if err := parse(fmt.Sprintf("%s, record %d", c.File, i+1), object, record); err != nil {
			return nil, err
		}
		records = append(records, record)
	}
	return records, nil
}

// Proof asks for the proof of the ledger and shows it; a difference is a failure.
func Proof(ctx context.Context, env *Env, choice contexts.Choice, form show.Form) error {
	return with(choice, env, form.Output, func(s *service) error {
		return s.act(ctx, env, form, &koogatev1.ProveUsageRequest{}, proven{})
	})
}

type proven struct{}

func (proven) judge(answer proto.Message) error {
	if proof := answer.(*koogatev1.ProveUsageResponse); proof.GetDifference() != "0" || len(proof.GetBroken()) > 0 {
		return ErrReported
	}
	return nil
}
