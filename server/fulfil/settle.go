// SPDX-License-Identifier: Apache-2.0

package fulfil

import (
	"context"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/store"
)

// settle answers newInstance from the line's committed answer. While there is none it waits for the create task as long as
// the product's budget allows, then commits 000004, which is no verdict: a repeat is told what has become of the creation.
//
// A failed creation is told but not committed, so that a repeat after an operator's retry can still succeed.
func (s *Service) settle(ctx context.Context, c NewInstance, line store.Line) (Answer, error) {
	if line.AnswerCode != "" {
		return s.verdict(ctx, line)
	}
	ctx, span := s.Tracer.Start(ctx, "await completion")
	defer span.End()
	until := c.Arrived.Add(c.Endpoint.budget(line.Product.ProductID))
	answer, ok, err := s.waitFor(ctx, line.Seller, line.InstanceID, until, func() (Answer, bool, error) {
		l, err := s.Store.Line(ctx, line.LineKey)
		if err != nil {
			return Answer{}, false, s.storeError(ctx, err, errs.OrderNotFound, "the order line is gone")
		}
		line = l
		if l.AnswerCode != "" {
			a, err := s.verdict(ctx, l)
			return a, true, err
		}
		is, err := s.Store.Instances(ctx, line.Seller, []string{line.InstanceID})
		if err != nil || len(is) == 0 {
			return Answer{}, false, s.storeError(ctx, err, errs.InstanceNotFound, "the instance is gone")
		}
		return failed(is[0]), is[0].State == store.InstanceFailed, nil
	})
	if err != nil || ok {
		return answer, err
	}
	return s.commitProcessing(ctx, line)
}

// verdict is the answer to a call whose line has one. A success is final. 000004 holds until the creation ends (third-reading
// T10: the repeat returns the instance that was created before).
func (s *Service) verdict(ctx context.Context, line store.Line) (Answer, error) {
	answer := committed(line)
	if answer.Code != resultcode.Processing {
		return answer, nil
	}
	i, err := s.find(ctx, line.Seller, line.InstanceID)
	switch {
	case err != nil:
		return Answer{}, err
	case i.State == store.InstanceActive, i.State == store.InstanceFrozen, len(i.Access) > 0:
		answer.Code = resultcode.Success
	case i.State == store.InstanceFailed:
		return failed(i), nil
	}
	return answer, nil
}

// commitProcessing fixes 000004 as the line's answer unless the create task's end came first.
func (s *Service) commitProcessing(ctx context.Context, line store.Line) (Answer, error) {
	var answer Answer
	err := s.decide(ctx, line.Seller, line.RootOrderID, func(d *draft) error {
		l := d.line(line.LineKey)
		if l == nil {
			return errs.New(errs.NotFound, errs.OrderNotFound, "the order line is gone")
		}
		d.answer(l, resultcode.Processing)
		answer = committed(*l)
		return nil
	})
	return answer, err
}

// answer fixes a line's answer unless it has one.
func (d *draft) answer(l *store.Line, code resultcode.Code) {
	if l.AnswerCode != "" {
		return
	}
	l.AnswerCode = string(code)
	d.putLine(l)
	d.event(EventAnswered, l.InstanceID, fields{"code": l.AnswerCode, "orderLineId": l.OrderLineID})
}

func committed(l store.Line) Answer {
	return Answer{Code: resultcode.Code(l.AnswerCode), InstanceID: l.InstanceID}
}

// failed is the answer for an instance whose creation failed: the code, and what the provisioner says to the customer.
func failed(i store.Instance) Answer {
	code := resultcode.Code(i.FailureCode)
	if code == "" {
		code = resultcode.Internal
	}
	return Answer{Code: code, Message: i.FailureText, InstanceID: i.InstanceID} // the reason is for operators
}
