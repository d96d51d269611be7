// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/koogate/koogate/koogallery/openapi"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/server/config"
)

// noOrder is a well-formed ID of an order that does not exist: whoever asks for it changes nothing.
const noOrder = "CS2001010000DOCTR"

// markets are looks at the marketplace, one for each seller.
func (p *Patient) markets() (all []look) {
	for _, s := range p.Config.Sellers {
		if m := s.Marketplace; m.AccessKey != "" && m.SecretKey != "" && (m.Site != "" || m.BaseURL != "") {
			all = append(all, look{"marketplace", s.Name, func(ctx context.Context) []Finding { return p.market(ctx, m) }})
		}
	}
	return all
}

// heard is what the marketplace's answer says beside its content.
type heard struct {
	http.RoundTripper
	clock interface{ Now() time.Time }

	mu            sync.Mutex
	date          time.Time // by its header, with no fractions of a second
	before, after time.Time
	chain         []*x509.Certificate
}

// RoundTrip implements http.RoundTripper.
func (h *heard) RoundTrip(r *http.Request) (*http.Response, error) {
	before := h.clock.Now()
	res, err := h.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.before, h.after = before, h.clock.Now()
	h.date, _ = http.ParseTime(res.Header.Get("Date"))
	if res.TLS != nil {
		h.chain = res.TLS.PeerCertificates
	}
	return res, nil
}

// market asks for an order that does not exist.
func (p *Patient) market(ctx context.Context, m config.Marketplace) (all []Finding) {
	transport := p.Outgoing()
	defer transport.CloseIdleConnections()
	h := &heard{RoundTripper: transport, clock: p.Clock}
	base := cmp.Or(m.BaseURL, m.Site.BaseURL())
	client, err := openapi.New(openapi.Config{
		BaseURL: base, Credentials: m.Credentials(), HTTPClient: &http.Client{Transport: h}, Now: p.Clock.Now,
	})
	if err != nil {
		return []Finding{bad(Fault, "", "无法调用：%s", "it cannot be called: %s", err).by("更正 sellers[].marketplace", "correct sellers[].marketplace")}
	}
	_, err = client.QueryOrder(ctx, noOrder, "")
	off, known := h.off()
	all = append(all, p.keys(host(base), err, off))
	if known {
		all = append(all, p.marketClock(off))
	}
	if len(h.chain) > 0 {
		all = append(all, p.ends(h.chain)...)
	}
	return all
}

func host(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}

// off is how far the marketplace's clock is ahead of this machine's, as far as a header without fractions tells.
func (h *heard) off() (d time.Duration, known bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.date.IsZero():
		return 0, false
	case h.date.After(h.after):
		return h.date.Sub(h.after), true
	case h.date.Add(time.Second).Before(h.before):
		return h.date.Add(time.Second).Sub(h.before), true
	}
	return 0, true
}

// keys says whether AK and SK are good, by what the marketplace answers.
func (p *Patient) keys(host string, err error, off time.Duration) Finding {
	var e *openapi.Error
	isKnown := errors.As(err, &e)
	switch {
	case err == nil, errors.Is(err, openapi.ErrNoOrder):
		return good("%s 接受该 AK/SK", "%s takes this AK/SK", host)
	case !isKnown:
		return bad(Fault, "", "%s：%s", "%s: %s", host, err)
	case e.HTTPStatus == 0:
		return unreached(host, err)
	case e.Gateway() && !e.RateLimited() && off.Abs() >= sign.DefaultRequestSkew:
		return bad(Fault, "", "%s 拒绝签名：本机时钟相差 %s，超过网关允许的 15 分钟", "%s refuses the signature: this machine's clock is %s off, and its gateway allows 15 minutes", host, off.Round(time.Second)).
			by("让本机通过 NTP 校时", "let this machine follow NTP")
	case e.Gateway() && !e.RateLimited():
		return bad(Fault, "", "%s 的网关拒绝签名（%s）：SK 不属于该 AK，或 AK 已删除", "the gateway of %s refuses the signature (%s): the SK is not this AK's, or the AK is deleted", host, e.Code).
			by("在统一身份认证的“我的凭证”中新建访问密钥，并填入 access_key 与 secret_key", "make a new access key under My Credentials of IAM, and put both halves into access_key and secret_key")
	case e.Suffix() == openapi.SuffixToken:
		return bad(Fault, "", "%s 不认识该 AK（%s）：AK 有误，或属于另一站点", "%s does not know this AK (%s): it is wrong, or belongs to another site", host, e.Code).
			by("核对 access_key；中国站、国际站与欧洲站的账号和密钥互不相通（site: cn、intl、eu）", "compare access_key; accounts and keys of the sites cn, intl and eu are not each other's (site)")
	case e.Suffix() == openapi.SuffixNoAuthority:
		return bad(Fault, "", "%s 认识该 AK，但其账号不是商家（%s）", "%s knows this AK, and its account is no seller there (%s)", host, e.Code).
			by("使用商家账号的访问密钥，并核对 site", "use an access key of the seller's account, and compare site")
	case e.RateLimited():
		return bad(Warning, "", "%s 正在限流（%s）：AK/SK 未能核实", "%s limits calls just now (%s): the AK/SK is not proved", host, e.Code).by("稍后再试", "try again later")
	case e.HTTPStatus >= 300 && e.HTTPStatus < 400, e.HTTPStatus == http.StatusNotFound, e.Code == "":
		return bad(Fault, "", "%s 的应答（HTTP %d）不是云商店的：base_url 或代理有误", "what answers at %s (HTTP %d) is not the marketplace: base_url or a proxy is wrong", host, e.HTTPStatus).
			by("核对 site 或 base_url，以及 HTTPS_PROXY", "compare site or base_url, and HTTPS_PROXY")
	case e.Suffix() == openapi.SuffixInternal:
		return bad(Warning, "", "%s 内部错误（%s）：AK/SK 未能核实", "%s has an internal error (%s): the AK/SK is not proved", host, e.Code).by("稍后再试", "try again later")
	}
	return good("%s 接受该 AK/SK（对不存在的订单答复 %s）", "%s takes this AK/SK; of an order that does not exist it says %s", host, e.Code) // it has looked for the order
}

// unreached says why no answer came.
func unreached(host string, err error) Finding {
	var name *net.DNSError
	var verify *tls.CertificateVerificationError
	switch {
	case errors.As(err, &verify):
		return bad(Fault, "", "%s 的证书未通过验证：%s", "the certificate of %s does not hold: %s", host, verify.Err).
			by("若有拦截 TLS 的代理，请让 *.myhuaweicloud.* 直连，或把其 CA 加入系统信任库", "where a proxy opens TLS, let *.myhuaweicloud.* past it, or have this machine trust its authority")
	case errors.As(err, &name):
		return bad(Fault, "", "%s 无法解析", "the name %s is not found", host).by("检查 DNS 与 base_url", "look at DNS and base_url")
	case errors.Is(err, context.DeadlineExceeded):
		return bad(Fault, "", "%s 没有及时应答", "%s does not answer in time", host).by("放行到该主机 443 端口的出站连接，或设置 HTTPS_PROXY", "let connections out to its port 443, or set HTTPS_PROXY")
	}
	return bad(Fault, "", "无法连接 %s", "no connection to %s", host).by("放行到该主机 443 端口的出站连接，或设置 HTTPS_PROXY", "let connections out to its port 443, or set HTTPS_PROXY")
}

// marketClock holds this machine's clock to what calls in both directions allow.
func (p *Patient) marketClock(off time.Duration) Finding {
	allowed := sign.DefaultSkew
	for _, e := range p.Config.Endpoints {
		if e.Skew > 0 {
			allowed = min(allowed, e.Skew)
		}
	}
	const zh, en = "本机时钟与云商店相差 %s，允许 %s", "this machine's clock and the marketplace's are %s apart; %s are allowed"
	shown := off.Abs().Round(time.Second)
	switch {
	case off.Abs() > allowed:
		return bad(Fault, "", zh, en, shown, allowed).by("让本机通过 NTP 校时：云商店的调用会因时间戳被拒绝", "let this machine follow NTP: the marketplace's calls are refused for their time stamps")
	case off.Abs() > allowed/4:
		return bad(Warning, "", zh, en, shown, allowed).by("让本机通过 NTP 校时", "let this machine follow NTP")
	}
	return good(zh, en, shown, allowed)
}

// withoutSecrets is a text without the secrets that it may hold, whole or as the password of a URL.
func withoutSecrets(text string, secrets ...string) string {
	for _, s := range secrets {
		if u, err := url.Parse(s); err == nil && u.User != nil {
			if password, ok := u.User.Password(); ok && password != "" {
				text = strings.ReplaceAll(text, password, "[redacted]")
				text = strings.ReplaceAll(text, url.QueryEscape(password), "[redacted]")
			}
		}
		if s != "" {
			text = strings.ReplaceAll(text, s, "[redacted]")
		}
	}
	return text
}
