// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"bytes"
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/koogate/koogate/cmd/koogate/internal/remote/contexts"
	"github.com/koogate/koogate/cmd/koogate/internal/remote/show"
	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/clock"
)

// tried is a service at which a login goes a step further at each look.
type tried struct {
	koogatev1.UnimplementedLoginServiceServer
	looks []*koogatev1.Login
	away  int // so many looks find no service
	at    int
}

func (s *tried) TryLogin(context.Context, *koogatev1.TryLoginRequest) (*koogatev1.TryLoginResponse, error) {
	return &koogatev1.TryLoginResponse{LoginId: "l1", Url: "https://login.example.com/try/l1"}, nil
}

func (s *tried) GetLogin(_ context.Context, r *koogatev1.GetLoginRequest) (*koogatev1.GetLoginResponse, error) {
	if r.GetLoginId() != "l1" {
		return nil, status.Error(codes.NotFound, "another login")
	}
	if s.away--; s.away >= 0 {
		return nil, status.Error(codes.Unavailable, "away")
	}
	s.at = min(s.at+1, len(s.looks))
	return &koogatev1.GetLoginResponse{Login: s.looks[s.at-1]}, nil
}

// serveLogins starts it, and returns flags that name it.
func serveLogins(t *testing.T, s koogatev1.LoginServiceServer) contexts.Choice {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := grpc.NewServer()
	koogatev1.RegisterLoginServiceServer(srv, s)
	go func() { _ = srv.Serve(l) }()
	t.Cleanup(srv.Stop)
	return contexts.Choice{Address: l.Addr().String(), Token: "token", Timeout: 5 * time.Second}
}

// TestATrialIsFollowed: each step is one line, once; a failure says what to do, in the language, and ends with 1; nobody waits for ever.
func TestATrialIsFollowed(t *testing.T) {
	now := time.Now()
	event := func(k koogatev1.LoginEventKind) *koogatev1.LoginEvent {
		return &koogatev1.LoginEvent{Kind: k, Time: timestamppb.New(now)}
	}
	begun, centre := event(koogatev1.LoginEventKind_LOGIN_EVENT_KIND_BEGUN), event(koogatev1.LoginEventKind_LOGIN_EVENT_KIND_CALLBACK)
	fault := &koogatev1.LoginFault{Code: "CODE_REFUSED", What: "What happened.", WhatZh: "发生了什么。", Remedy: "What to do.", RemedyZh: "怎么办。"}
	failed := event(koogatev1.LoginEventKind_LOGIN_EVENT_KIND_TOKEN)
	failed.Fault, failed.Said, failed.Host = fault, "invalid_grant", "a.example.com"
	login := func(step koogatev1.LoginStep, events ...*koogatev1.LoginEvent) *koogatev1.Login {
		return &koogatev1.Login{LoginId: "l1", Step: step, Events: events, ExpireTime: timestamppb.New(now.Add(time.Hour))}
	}
	const open, done, broken, refused = koogatev1.LoginStep_LOGIN_STEP_BEGUN, koogatev1.LoginStep_LOGIN_STEP_DONE, koogatev1.LoginStep_LOGIN_STEP_FAILED, koogatev1.LoginStep_LOGIN_STEP_REFUSED
	late, none := login(open, begun), login(refused, begun)
	late.ExpireTime, none.Fault = timestamppb.New(now), fault
	for name, c := range map[string]struct {
		service  *tried
		form     string
		language string
		err      error
		out      []string // lines of the standard output, blanks folded and times replaced
		errs     []string // parts of the standard error
	}{
		"it works": {&tried{looks: []*koogatev1.Login{login(open, begun), login(open, begun, centre), login(done, begun, centre)}}, "table", "en", nil,
			[]string{"ok TIME the login has begun", "ok TIME it came back from the authentication centre"}, []string{"https://login.example.com/try/l1", "the login works"}},
		"it fails": {&tried{looks: []*koogatev1.Login{login(broken, begun, failed)}}, "table", "zh", ErrReported,
			[]string{"ok TIME 登录开始", "FAIL TIME 授权码已换取令牌 a.example.com invalid_grant", "CODE_REFUSED: 发生了什么。", "怎么办。"}, []string{"请在浏览器中打开"}},
		"refused without a step": {&tried{looks: []*koogatev1.Login{none}}, "table", "en", ErrReported, []string{"ok TIME the login has begun"}, []string{"CODE_REFUSED: What happened.\nWhat to do.\n"}},
		"nobody comes":           {&tried{looks: []*koogatev1.Login{late}}, "table", "en", ErrReported, []string{"ok TIME the login has begun"}, []string{"in time"}},
		"away for a while": {&tried{away: 2, looks: []*koogatev1.Login{login(done, begun)}}, "table", "en", nil, []string{"ok TIME the login has begun"},
			[]string{"does not answer; looking on", "the login works"}},
		"for a program": {&tried{looks: []*koogatev1.Login{login(broken, begun, failed)}}, "json", "en", ErrReported, nil, []string{"https://login.example.com/try/l1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out, errs bytes.Buffer
			e := &Env{Out: terminal.New(&out, &errs), In: strings.NewReader(""), Clock: quick{clock.System{}}, Language: c.language}
			cmd := &loginsTry{App: "crm", Language: c.language, Form: show.Form{Output: c.form}, Choice: serveLogins(t, c.service)}
			if err := cmd.Run(t.Context(), e); !errors.Is(err, c.err) {
				t.Fatalf("%v, %s", err, &errs)
			}
			for _, part := range c.errs {
				if strings.Count(errs.String(), part) != 1 {
					t.Errorf("%q is not there once in\n%s", part, &errs)
				}
			}
			if c.form == "json" {
				if text := out.String(); !strings.Contains(text, `"LOGIN_STEP_FAILED"`) || strings.HasPrefix(text, "ok") {
					t.Errorf("%s", text)
				}
				return
			}
			var lines []string
			for line := range strings.Lines(out.String()) {
				lines = append(lines, strings.Join(strings.Fields(strings.ReplaceAll(line, now.Local().Format(time.TimeOnly), "TIME")), " "))
			}
			if got, want := strings.Join(lines, "\n"), strings.Join(c.out, "\n"); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// TestATrialIsGivenUp: ^C ends it.
func TestATrialIsGivenUp(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := &tried{looks: []*koogatev1.Login{{Step: koogatev1.LoginStep_LOGIN_STEP_BEGUN, ExpireTime: timestamppb.New(time.Now().Add(time.Hour))}}}
	var out, errs bytes.Buffer
	e := &Env{Out: terminal.New(&out, &errs), In: strings.NewReader(""), Clock: clock.System{}, Language: "en"}
	time.AfterFunc(200*time.Millisecond, cancel)
	cmd := &loginsTry{App: "crm", Language: "en", Form: show.Form{Output: "table"}, Choice: serveLogins(t, s)}
	if err := cmd.Run(ctx, e); !errors.Is(err, ErrReported) {
		t.Error(err)
	}
}

// TestEveryStepHasWords: in both languages.
func TestEveryStepHasWords(t *testing.T) {
	for n := range koogatev1.LoginEventKind_name {
		words := eventWords[koogatev1.LoginEventKind(n)]
		if n != 0 && (words[0] == "" || words[1] == "" || words[0] == words[1]) {
			t.Errorf("%s has no words", koogatev1.LoginEventKind(n))
		}
	}
}

// quick is a clock whose waits are short.
type quick struct{ clock.System }

// NewTimer implements clock.Clock.
func (q quick) NewTimer(time.Duration) clock.Timer { return q.System.NewTimer(time.Millisecond) }
