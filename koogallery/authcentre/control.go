// SPDX-License-Identifier: Apache-2.0

package authcentre

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/koogate/koogate/koogallery/authcentre/conduct"
	"github.com/koogate/koogate/koogallery/authcentre/world"
)

// The bounds of lists and of waiting.
const (
	usualRows = 100
	maxWait   = time.Minute
)

// control adds what tests in any language use. Bodies are JSON, read strictly; what is wrong is 400 with error and error_description.
//
//	GET    /centre/world                  addresses, tenants, clients, accounts
//	GET    /centre/logins                 the newest first; limit
//	GET    /centre/logins/{id}            one, with its steps and what it broke
//	GET    /centre/verdicts               what broke a rule, the newest first; limit
//	GET    /centre/rules                  every rule
//	GET    /centre/log                    steps and findings behind after; wait=20s waits for the first
//	GET    /centre/faults                 those that are set
//	POST   /centre/faults                 a [Fault]
//	DELETE /centre/faults, …/{id}         ends all, or one
//	GET    /centre/clock                  the centre's time
//	POST   /centre/clock                  {"advance":"2h"}
//	POST   /centre/users                  a [Change]
//	POST   /centre/settings               {"tenantId":"…","settings":{…}}
//	POST   /centre/test-accounts          {"appId":"…"}
//	POST   /centre/reset                  begins anew
func (c *Centre) control(mux *http.ServeMux) {
	get := func(path string, of func(r *http.Request) (any, error)) {
		mux.HandleFunc("GET /centre/"+path, func(w http.ResponseWriter, r *http.Request) { c.told(w, r, of) })
	}
	act := func(path string, of func(r *http.Request) (any, error)) {
		mux.Handle(path, http.NewCrossOriginProtection().Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { c.told(w, r, of) })))
	}
	get("world", func(*http.Request) (any, error) { return c.Describe(), nil })
	get("rules", func(*http.Request) (any, error) { return map[string]any{"rules": conduct.Rules()}, nil })
	get("logins", func(r *http.Request) (any, error) {
		n, err := limit(r)
		return map[string]any{"logins": c.Journal().Logins(n)}, err
	})
	get("logins/{id}", func(r *http.Request) (any, error) {
		id, _ := strconv.ParseInt(r.PathValue("id"), 10, 64)
		l, ok := c.Journal().Login(id)
		if !ok {
			return nil, ErrUnknown
		}
		return l, nil
	})
	get("verdicts", func(r *http.Request) (any, error) {
		n, err := limit(r)
		return map[string]any{"verdicts": c.Journal().Findings(n)}, err
	})
	get("log", c.log)
	get("faults", func(*http.Request) (any, error) {
		return map[string]any{"faults": c.Faults(), "kinds": FaultKinds()}, nil
	})
	act("POST /centre/faults", func(r *http.Request) (any, error) {
		var f Fault
		if err := body(r, &f); err != nil {
			return nil, err
		}
		return c.SetFault(f)
	})
	act("DELETE /centre/faults", func(*http.Request) (any, error) { return done, c.ClearFault(0) })
	act("DELETE /centre/faults/{id}", func(r *http.Request) (any, error) {
		id, err := strconv.Atoi(r.PathValue("id"))
		if err != nil || id == 0 {
			return nil, ErrFault
		}
		return done, c.ClearFault(id)
	})
	now := func() any { return map[string]any{"now": c.Now()} }
	get("clock", func(*http.Request) (any, error) { return now(), nil })
	act("POST /centre/clock", func(r *http.Request) (any, error) {
		var ask struct {
			Advance string `json:"advance"`
		}
		if err := body(r, &ask); err != nil {
			return nil, err
		}
		err := c.advance(ask.Advance)
		return now(), err
	})
	act("POST /centre/users", func(r *http.Request) (any, error) {
		var ch Change
		if err := body(r, &ch); err != nil {
			return nil, err
		}
		return done, c.Change(ch)
	})
	act("POST /centre/settings", func(r *http.Request) (any, error) {
		var ask struct {
			TenantID string         `json:"tenantId"`
			Settings world.Settings `json:"settings"`
		}
		if err := body(r, &ask); err != nil {
			return nil, err
		}
		return done, c.Configure(ask.TenantID, ask.Settings)
	})
	act("POST /centre/test-accounts", func(r *http.Request) (any, error) {
		var ask struct {
			AppID string `json:"appId"`
		}
		if err := body(r, &ask); err != nil {
			return nil, err
		}
		return c.TestAccount(ask.AppID)
	})
	act("POST /centre/reset", func(*http.Request) (any, error) {
		c.Reset()
		return done, nil
	})
	c.forms(mux)
}

// done is the answer of an act that has nothing to tell.
var done = struct{}{}

// told answers with JSON.
func (c *Centre) told(w http.ResponseWriter, r *http.Request, of func(r *http.Request) (any, error)) {
	v, err := of(r)
	a := object(http.StatusOK, v)
	switch {
	case errors.Is(err, ErrUnknown), errors.Is(err, ErrFault):
		a = object(http.StatusNotFound, failure{"not_found", err.Error()})
	case err != nil:
		a = object(http.StatusBadRequest, failure{"invalid_request", err.Error()})
	}
	c.send(w, r, &effect{}, a)
}

// body reads a body of JSON.
func body(r *http.Request, into any) error {
	text, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return err
	}
	if len(text) > maxBody {
		return world.Fault{What: "the body is too long", Remedy: "keep it below 64 KiB"}
	}
	return world.Decode(text, into)
}

// limit is how many rows are asked for.
func limit(r *http.Request) (int, error) {
	text := r.URL.Query().Get("limit")
	if text == "" {
		return usualRows, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, errors.New("limit is a number from 1 on")
	}
	return n, nil
}

func (c *Centre) advance(text string) error {
	d, err := time.ParseDuration(text)
	if err != nil {
		return errors.New("advance is a duration such as 2h")
	}
	return c.Advance(d)
}

// log is the answer to whoever follows.
func (c *Centre) log(r *http.Request) (any, error) {
	query := r.URL.Query()
	after, wait := int64(0), time.Duration(0)
	if text := query.Get("after"); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, errors.New("after is the seq of an event")
		}
		after = n
	}
	if text := query.Get("wait"); text != "" {
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 || d > maxWait {
			return nil, errors.New("wait is a duration such as 20s, to 1m")
		}
		wait = d
	}
	list, lost, changed := c.Journal().Events(after)
	if len(list) == 0 && wait > 0 {
		timer := c.cfg.Clock.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-changed:
		case <-timer.C():
		case <-r.Context().Done():
		}
		list, lost, _ = c.Journal().Events(after)
	}
	if list == nil {
		list = []conduct.Event{}
	}
	return map[string]any{"events": list, "lost": lost}, nil
}

// forms are the acts of the overview.
func (c *Centre) forms(mux *http.ServeMux) {
	form := func(name string, act func(r *http.Request) error) {
		mux.Handle("POST /centre/form/"+name, http.NewCrossOriginProtection().Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
			if err := act(r); err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			http.Redirect(w, r, "/", http.StatusSeeOther)
		})))
	}
	form("fault", func(r *http.Request) error {
		every, _ := strconv.Atoi(r.PostFormValue("every")) // a box that is ticked or not
		_, err := c.SetFault(Fault{Kind: r.PostFormValue("kind"), Every: every})
		return err
	})
	form("clear", func(r *http.Request) error {
		id, err := strconv.Atoi(r.PostFormValue("id"))
		if err != nil {
			return ErrFault
		}
		return c.ClearFault(id)
	})
	form("clock", func(r *http.Request) error { return c.advance(r.PostFormValue("advance")) })
	form("reset", func(*http.Request) error { c.Reset(); return nil })
	form("user", func(r *http.Request) error {
		enabled := r.PostFormValue("enabled") == "true"
		return c.Change(Change{TenantID: r.PostFormValue("tenantId"), UserName: r.PostFormValue("userName"), Enabled: &enabled})
	})
}
