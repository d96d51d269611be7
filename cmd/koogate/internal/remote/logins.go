// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/koogate/koogate/client"
	"github.com/koogate/koogate/cmd/koogate/internal/remote/contexts"
	"github.com/koogate/koogate/cmd/koogate/internal/remote/show"
	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/clock"
)

// Logins is koogate logins.
type Logins struct {
	List     List[koogatev1.ListLoginsRequest, browse]       `cmd:"" help:"Show logins, those that have failed too; --filter by app_id, tenant_id, step and session_id."`
	Get      Get[koogatev1.GetLoginRequest]                  `cmd:"" help:"Show a login: each step, and why one has failed."`
	Try      loginsTry                                       `cmd:"" help:"Try the login to an application in your browser, step by step; exit code 1 when it fails."`
	Redeem   Act[koogatev1.RedeemTicketRequest, loginTicket] `cmd:"" help:"Ask who has come with a ticket, as the vendor's own app does; it counts once."`
	Apps     LoginApps                                       `cmd:"" help:"Look after the applications that users log in to."`
	Sessions LoginSessions                                   `cmd:"" help:"Look at who is logged in, and end sessions."`
}

// Help is shown by koogate logins --help.
func (Logins) Help() string {
	return `Examples:
  (umask 077; koogate logins apps create --set app_id=demo-crm --set name=CRM \
    --set 'redirect_uris=["https://crm.example.com/callback"]' > crm-secret)
  koogate logins try demo-crm
  koogate logins list --filter 'step = "FAILED"'
  koogate logins sessions end 0193a1c2-… --reason 'a stolen laptop'
  koogate logins sessions end-all --filter 'tenant_id = "68cbc86a…"' --dry-run`
}

type loginTicket struct {
	App    string     `arg:"" api:"1" help:"The application's appId." predictor:"name"`
	Ticket secretFile `api:"ticket" name:"ticket-file" required:"" help:"The file of the ticket, - for the standard input." placeholder:"FILE" predictor:"file"`
}

// LoginApps is koogate logins apps.
type LoginApps struct {
	List             List[koogatev1.ListLoginApplicationsRequest, browse]                                                    `cmd:"" help:"Show applications; --filter by state and product_id."`
	Get              Get[koogatev1.GetLoginApplicationRequest]                                                               `cmd:"" help:"Show an application, and what is entered for it in the seller centre."`
	Create           Create[koogatev1.CreateLoginApplicationRequest, why]                                                    `cmd:"" help:"Add an application; the secret of its app is shown this once."`
	Update           Update[koogatev1.UpdateLoginApplicationRequest, koogatev1.GetLoginApplicationRequest, namedWithAReason] `cmd:"" help:"Change an application, or disable it."`
	Delete           Act[koogatev1.DeleteLoginApplicationRequest, gone]                                                      `cmd:"" help:"Delete an application; its sessions end."`
	AddSecret        Act[koogatev1.AddLoginSecretRequest, newLoginSecret]                                                    `cmd:"" help:"Give an application a newer secret, which is shown this once."`
	EndSecret        Act[koogatev1.EndLoginSecretRequest, endedSecret]                                                       `cmd:"" help:"End a secret for good."`
	SetTestAccount   Act[koogatev1.SetTestAccountRequest, testAccount]                                                       `cmd:"" help:"Keep the test account of an application's credential (申请测试账号)."`
	ClearTestAccount Act[koogatev1.ClearTestAccountRequest, changed]                                                         `cmd:"" help:"Forget the test account."`
}

type newLoginSecret struct {
	one
	OlderEndTime string `api:"older_end_time" help:"Until when the present secret counts; 24 hours from now without it." placeholder:"TIME"`
	why
	based
}

type testAccount struct {
	one
	Domain           string     `api:"domain" help:"The base URL of the test tenant's authentication centre." placeholder:"URL"`
	TenantID         string     `api:"tenant_id" name:"tenant-id" required:"" help:"The test tenant." placeholder:"ID"`
	TenantCode       string     `api:"tenant_code" help:"Its tag." placeholder:"CODE"`
	Account          string     `api:"account" required:"" help:"The account." placeholder:"NAME"`
	PasswordFile     secretFile `api:"password" required:"" help:"The file of its password, - for the standard input." placeholder:"FILE" predictor:"file"`
	ClientID         string     `api:"client_id" name:"client-id" help:"The test tenant's OAuth client." placeholder:"ID"`
	ClientSecretFile secretFile `api:"client_secret" help:"The file of that client's secret." placeholder:"FILE" predictor:"file"`
	why
	based
}

// LoginSessions is koogate logins sessions.
type LoginSessions struct {
	List   List[koogatev1.ListLoginSessionsRequest, browse]    `cmd:"" help:"Show who is logged in and who was; --filter by app_id, tenant_id, user_name and state."`
	Get    Get[koogatev1.GetLoginSessionRequest]               `cmd:"" help:"Show a session."`
	End    Act[koogatev1.EndLoginSessionRequest, endedSession] `cmd:"" help:"End a session at once; the person may log in again."`
	EndAll loginsEndAll                                        `cmd:"" help:"End the sessions of an application, a tenant or a user."`
}

type endedSession struct {
	one
	why
	sure
}

// loginsEndAll is koogate logins sessions end-all.
type loginsEndAll struct {
	Filter string `required:"" help:"Those that end: field = \"value\" over app_id, tenant_id and user_name, joined by AND." placeholder:"FILTER"`
	why
	dry
	sure
	show.Form
	contexts.Choice
}

// Asks names the rpc.
func (*loginsEndAll) Asks() []protoreflect.FullName {
	return asks(&koogatev1.EndLoginSessionsRequest{})
}

// Run implements the command. It goes on with the next ones until none is left.
func (c *loginsEndAll) Run(ctx context.Context, env *Env) error {
	return with(c.Choice, env, c.Output, func(s *service) error {
		if !c.DryRun && !c.Yes {
			if err := env.ask(ctx, fmt.Sprintf("end the sessions with %s (--dry-run counts them)", c.Filter)); err != nil {
				return err
			}
		}
		sum := &koogatev1.EndLoginSessionsResponse{}
		request := &koogatev1.EndLoginSessionsRequest{Filter: c.Filter, ValidateOnly: c.DryRun, Reason: c.Reason}
		for {
			answer, err := s.patient(ctx, request)
			if err != nil {
				if sum.Count > 0 {
					fmt.Fprintf(env.Out.Err, "%d have ended; the others have not\n", sum.Count)
				}
				return err
			}
			some := answer.(*koogatev1.EndLoginSessionsResponse)
			sum.Count += some.GetCount()
			if request.PageToken = some.GetNextPageToken(); request.PageToken == "" {
				break
			}
		}
		if !c.Table() {
			return show.One(env.Out, c.Output, sum, env.Clock.Now())
		}
		if c.DryRun {
			fmt.Fprintln(env.Out.Err, "it would be done; nothing was changed")
		}
		_, err := fmt.Fprintf(env.Out.Out, "count  %d\n", sum.Count)
		return err
	})
}

// loginsTry is koogate logins try.
type loginsTry struct {
	App      string `arg:"" api:"1" help:"The application's appId." predictor:"name"`
	Language string `help:"The steps' language: zh or en." enum:"zh,en" default:"${language}"`
	show.Form
	contexts.Choice
}

// Help is shown by koogate logins try --help.
func (*loginsTry) Help() string {
	return `Prints an address. Open it in a browser and log in at the authentication centre, as a user of a tenant or by the test account; here is said
which step went well, and of one that did not what to do. Nobody is let in by it, so it can be done while customers work. It ends with the login;
^C gives it up. With -o json it prints the login as it ended.

Example:
  koogate logins try demo-crm --language zh`
}

// Asks names the rpcs.
func (*loginsTry) Asks() []protoreflect.FullName {
	return asks(&koogatev1.TryLoginRequest{}, &koogatev1.GetLoginRequest{})
}

// lookEvery is how long a trial waits between two looks at the login.
const lookEvery = time.Second

// Run implements the command.
func (c *loginsTry) Run(ctx context.Context, env *Env) error {
	return with(c.Choice, env, c.Output, func(s *service) error {
		begun, err := call[*koogatev1.TryLoginResponse](ctx, s, &koogatev1.TryLoginRequest{AppId: c.App})
		if err != nil {
			return err
		}
		fmt.Fprintf(env.Out.Err, "%s\n  %s\n", c.say("open this in your browser, and log in there:", "请在浏览器中打开并登录："), begun.GetUrl())
		login, err := c.follow(ctx, env, s, begun.GetLoginId())
		if err != nil {
			return err
		}
		if !c.Table() {
			if err := show.One(env.Out, c.Output, login, env.Clock.Now()); err != nil {
				return err
			}
		}
		return c.ended(env, login)
	})
}

// follow shows the steps of a login as they happen, until its end.
func (c *loginsTry) follow(ctx context.Context, env *Env, s *service, id string) (*koogatev1.Login, error) {
	shown, lost := 0, false
	for {
		answer, err := call[*koogatev1.GetLoginResponse](ctx, s, &koogatev1.GetLoginRequest{LoginId: id})
		login := answer.GetLogin()
		var refused *client.Error
		switch {
		case ctx.Err() != nil:
			return nil, ErrReported // ^C
		case errors.As(err, &refused) && refused.Retryable:
			if !lost {
				fmt.Fprintf(env.Out.Err, "%s: %s\n", s.address, c.say("does not answer; looking on", "没有应答，继续等待"))
			}
			lost = true
		case err != nil:
			return nil, err
		default:
			lost = false
			for _, e := range login.GetEvents()[min(shown, len(login.GetEvents())):] {
				c.event(env, e)
			}
			shown = len(login.GetEvents())
			over := !login.GetExpireTime().AsTime().After(env.Clock.Now())
			if step := login.GetStep(); over || step != koogatev1.LoginStep_LOGIN_STEP_BEGUN && step != koogatev1.LoginStep_LOGIN_STEP_ASKED {
				return login, nil
			}
		}
		if !clock.Wait(ctx, env.Clock, lookEvery, nil) {
			return nil, ErrReported
		}
	}
}

// event writes a step: a line, and of one that went wrong what to do.
func (c *loginsTry) event(env *Env, e *koogatev1.LoginEvent) {
	if !c.Table() {
		return
	}
	mark := "ok  "
	if e.GetFault() != nil {
		mark = "FAIL"
	}
	line := fmt.Sprintf("%s  %s  %s", mark, e.GetTime().AsTime().Local().Format(time.TimeOnly), c.named(e.GetKind()))
	for _, more := range []string{e.GetHost(), e.GetSaid()} {
		if more != "" {
			line += "  " + terminal.Cell(more)
		}
	}
	fmt.Fprintln(env.Out.Out, line)
	if f := e.GetFault(); f != nil {
		fmt.Fprintf(env.Out.Out, "      %s: %s\n      %s\n", f.GetCode(), c.say(f.GetWhat(), f.GetWhatZh()), c.say(f.GetRemedy(), f.GetRemedyZh()))
	}
}

// ended says how a trial has ended, and fails when it has not gone well.
func (c *loginsTry) ended(env *Env, login *koogatev1.Login) error {
	switch login.GetStep() {
	case koogatev1.LoginStep_LOGIN_STEP_DONE:
		fmt.Fprintln(env.Out.Err, c.say("the login works", "登录成功"))
		return nil
	case koogatev1.LoginStep_LOGIN_STEP_FAILED, koogatev1.LoginStep_LOGIN_STEP_REFUSED:
		f := login.GetFault()
		if n := len(login.GetEvents()); c.Table() && (n == 0 || login.GetEvents()[n-1].GetFault() == nil) { // it was not said at a step
			fmt.Fprintf(env.Out.Err, "%s: %s\n%s\n", f.GetCode(), c.say(f.GetWhat(), f.GetWhatZh()), c.say(f.GetRemedy(), f.GetRemedyZh()))
		}
	default:
		fmt.Fprintln(env.Out.Err, c.say("nobody has come to the end of the login in time", "登录未在限定时间内完成"))
	}
	return ErrReported
}

func (c *loginsTry) say(en, zh string) string {
	if c.Language == "zh" {
		return zh
	}
	return en
}

// named says a step in words.
func (c *loginsTry) named(k koogatev1.LoginEventKind) string {
	if words, ok := eventWords[k]; ok {
		return c.say(words[0], words[1])
	}
	return k.String()
}

// eventWords are the steps of a login in English and Chinese.
var eventWords = map[koogatev1.LoginEventKind][2]string{
	koogatev1.LoginEventKind_LOGIN_EVENT_KIND_BEGUN:       {"the login has begun", "登录开始"},
	koogatev1.LoginEventKind_LOGIN_EVENT_KIND_SENT:        {"the browser was sent to the authentication centre", "浏览器已转到认证中心"},
	koogatev1.LoginEventKind_LOGIN_EVENT_KIND_CALLBACK:    {"it came back from the authentication centre", "已从认证中心返回"},
	koogatev1.LoginEventKind_LOGIN_EVENT_KIND_TENANT:      {"the tenant, its domain and its client are known", "租户、域名与客户端已确定"},
	koogatev1.LoginEventKind_LOGIN_EVENT_KIND_TOKEN:       {"the code was exchanged for a token", "授权码已换取令牌"},
	koogatev1.LoginEventKind_LOGIN_EVENT_KIND_PERSON:      {"the authentication centre has said who it is", "认证中心已返回用户信息"},
	koogatev1.LoginEventKind_LOGIN_EVENT_KIND_RIGHT:       {"the directory lets the person in", "目录允许该用户登录"},
	koogatev1.LoginEventKind_LOGIN_EVENT_KIND_ASKED:       {"the person is asked whether to go on", "正在请用户确认"},
	koogatev1.LoginEventKind_LOGIN_EVENT_KIND_CONFIRMED:   {"the person goes on", "用户已确认"},
	koogatev1.LoginEventKind_LOGIN_EVENT_KIND_SESSION:     {"there is a session", "会话已建立"},
	koogatev1.LoginEventKind_LOGIN_EVENT_KIND_LED:         {"the browser was led to the app", "浏览器已转到应用"},
	koogatev1.LoginEventKind_LOGIN_EVENT_KIND_PERSON_TOLD: {"the app was told who it is", "应用已获知用户身份"},
}
