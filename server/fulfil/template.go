package fulfil

import (
	"cmp"
	"context"
	"strings"

	"github.com/koogate/koogate/store"
)

// Template is the built-in provisioner: it fills URLs and credentials from patterns in which {instance}, {order},
// {product} and {sku} stand for the task's values. The password is generated, and so is the end of a licence. Everything
// but CREATE and ISSUE_LICENCE succeeds at once, and every change is allowed but to a smaller quantity (Endpoint.CheckReduction).
type Template struct {
	FrontEndURL string
	AdminURL    string
	UserName    string
	Memo        string
	Licence     string // what a licence begins with; "LICENCE-{instance}" when empty
}

// RunTemplate does one leased task of a template provisioner.
func (s *Service) RunTemplate(tpl Template) func(ctx context.Context, t store.Task) {
	return func(ctx context.Context, t store.Task) {
		c := Completion{Seller: t.Seller, TaskID: t.ID, Fence: t.Fence}
		switch t.Kind {
		case store.TaskCreate:
			c.Access = tpl.fill(t, s.Password())
		case store.TaskIssueLicence:
			c.Licence = &Licence{Text: tpl.replacer(t).Replace(cmp.Or(tpl.Licence, "LICENCE-{instance}")) + "-" + s.Password()}
		case store.TaskCheckChange:
			c.Verdict = &Verdict{Allowed: true}
			if PayloadOf(t).Reduces { // a template knows nothing of the use
				c.Verdict = &Verdict{Message: unlooked}
			}
		}
		_, err := s.CompleteTask(ctx, c)
		s.logJob(ctx, t, err)
	}
}

// replacer puts a task's values into a pattern.
func (Template) replacer(t store.Task) *strings.Replacer {
	p := PayloadOf(t)
	return strings.NewReplacer("{instance}", t.InstanceID, "{order}", t.OrderID, "{product}", p.ProductID, "{sku}", p.SKUCode)
}

func (tpl Template) fill(t store.Task, password string) *Access {
	r := tpl.replacer(t)
	a := &Access{
		FrontEndURL: r.Replace(tpl.FrontEndURL), AdminURL: r.Replace(tpl.AdminURL), UserName: r.Replace(tpl.UserName),
		Memo: r.Replace(tpl.Memo),
	}
	if a.UserName != "" {
		a.Password = password
	}
	return a
}
