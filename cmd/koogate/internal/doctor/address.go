// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/url"
	"path"
	"slices"
	"time"

	"github.com/koogate/koogate/koogallery/checker"
	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/server/config"
)

// addresses are looks at production addresses, as the marketplace reaches them.
func (p *Patient) addresses() (all []look) {
	list := p.Addresses
	if len(list) == 0 {
		for _, e := range p.Config.Endpoints {
			if a := p.Config.ProductionAddress(e.Name); a != "" {
				list = append(list, a)
			}
		}
	}
	hosts := map[string]bool{}
	for _, a := range list {
		u, err := url.Parse(a)
		if err != nil || u.Host == "" {
			all = append(all, look{"address", a, func(context.Context) []Finding {
				return []Finding{bad(Fault, "", "不是 URL", "it is no URL").by("写作 https://主机/produce/名称", "write https://HOST/produce/NAME")}
			}})
			continue
		}
		if u.Scheme == "https" && !hosts[u.Host] {
			hosts[u.Host] = true
			all = append(all, look{"address's certificate", u.Host, func(ctx context.Context) []Finding { return p.chain(ctx, u) }})
		}
		all = append(all, look{"address", a, func(ctx context.Context) []Finding { return p.address(ctx, u) }})
	}
	return all
}

// chain looks at the certificate that an address shows.
func (p *Patient) chain(ctx context.Context, u *url.URL) []Finding {
	at := u.Host
	if u.Port() == "" {
		at = net.JoinHostPort(u.Hostname(), "443")
	}
	d := tls.Dialer{Config: &tls.Config{
		ServerName: u.Hostname(), MinVersion: tls.VersionTLS12, InsecureSkipVerify: true, //nolint:gosec // what it shows is held to the authorities below, so that the fault can be named
	}}
	conn, err := d.DialContext(ctx, "tcp", at)
	if err != nil {
		return []Finding{bad(Fault, "", "TLS 连接失败：%s", "no TLS connection: %s", plainly(err)).
			by("放行 443 端口的入站连接，检查 DNS 与前端代理", "let connections in at its port, and look at DNS and the proxy in front")}
	}
	defer func() { _ = conn.Close() }()
	shown := conn.(*tls.Conn).ConnectionState().PeerCertificates
	between := x509.NewCertPool()
	for _, c := range shown[1:] {
		between.AddCert(c)
	}
	_, err = shown[0].Verify(x509.VerifyOptions{DNSName: u.Hostname(), Roots: p.Roots, Intermediates: between, CurrentTime: p.Clock.Now()})
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	switch {
	case errors.As(err, &name):
		return []Finding{bad(Fault, "", "证书不含主机名 %s（只有 %s）", "the certificate is not for %s; it is for %s", u.Hostname(), names(shown[0])).
			by("换用含该主机名的证书", "use a certificate for that name")}
	case errors.As(err, &authority) && len(shown) == 1 && !bytes.Equal(shown[0].RawIssuer, shown[0].RawSubject):
		return []Finding{bad(Fault, "", "只发送了自身证书，缺少中间证书：云商店无法验证", "the chain is not complete: it shows its own certificate alone, and the marketplace cannot verify it").
			by("在证书文件中接上签发机构的中间证书（fullchain）", "append the authority's intermediate certificates to the file (fullchain)")}
	case errors.As(err, &authority):
		return []Finding{bad(Fault, "", "证书不是公认机构签发的", "the certificate is by no authority that is known here").
			by("云商店只接受公认机构的证书；若只是本机不认识，用 --ca 指定", "the marketplace takes those of public authorities only; name one that only this machine does not know by --ca")}
	}
	found := p.ends(shown)
	if err != nil && Faults(found) == 0 {
		return []Finding{bad(Fault, "", "证书未通过验证：%s", "the certificate does not hold: %s", err).by("换用云商店能验证的证书", "use a certificate that the marketplace can verify")}
	}
	return found
}

// plainly is an error of a dial without what net repeats of it.
func plainly(err error) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Err != nil {
		return op.Err.Error()
	}
	return err.Error()
}

// address makes a debugging call that nothing follows from, and the same without a signature.
func (p *Patient) address(ctx context.Context, u *url.URL) (all []Finding) {
	shown := u.String()
	if u.Scheme == "http" {
		all = append(all, bad(Fault, "", "不是 https：云商店只调用 https", "it is not https, and the marketplace calls nothing else").by("在前端代理或 listeners.facade.tls 配置证书", "end TLS at a proxy, or by listeners.facade.tls"))
	}
	e := p.endpoint(u)
	if e == nil || len(e.Keys) == 0 {
		return append(all, bad(Warning, "", "配置中没有名为 %s 的入口或其密钥：未调用", "the configuration has no endpoint %s with a key: it was not called", path.Base(u.Path)).
			by("入口由 API 管理时，用 koogate check %s --key-file FILE 检查", "an endpoint of the API's is checked by koogate check %s --key-file FILE", shown))
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: p.Roots}, ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	cfg := probe.Config{
		URL: shown, Key: e.Keys[0].Reveal(), Family: judge.FamilySaasV2, HTTPClient: &http.Client{Transport: transport}, Clock: p.Clock, Timeout: p.Patience,
		Seed: uint64(p.Clock.Now().UnixNano()), // what it makes up is another one each time
	}
	if len(e.Families) > 0 {
		cfg.Family = judge.Family(e.Families[0])
	}
	if len(e.KitKeys) > 0 {
		cfg.KitKey = e.KitKeys[0].Reveal()
	}
	signed, unsigned, err := checker.Touch(ctx, cfg)
	if err != nil && ctx.Err() == nil {
		return append(all, bad(Fault, "", "无法调用：%s", "it cannot be called: %s", err).by("更正地址或密钥", "correct the address or the key"))
	}
	return append(all, touched(signed, unsigned)...)
}

// endpoint is the one that an address names.
func (p *Patient) endpoint(u *url.URL) *config.Endpoint {
	i := slices.IndexFunc(p.Config.Endpoints, func(e config.Endpoint) bool { return e.Name == path.Base(u.Path) })
	if i < 0 {
		return nil
	}
	return &p.Config.Endpoints[i]
}

// touched judges the answers to a signed call and to the same without a signature.
func touched(signed, unsigned probe.Seen) (all []Finding) {
	code := resultcode.Code(signed.ResultCode)
	switch {
	case signed.Status == 0:
		return append(all, bad(Fault, "", "没有应答：%s", "no answer: %s", signed.Err).by("检查 DNS、防火墙与前端代理，以及 koogate serve 是否在运行", "look at DNS, firewalls and the proxy in front, and whether koogate serve runs"))
	case signed.Status >= 300 && signed.Status < 400:
		return append(all, bad(Fault, "", "以 HTTP %d 重定向：云商店不跟随", "it redirects (HTTP %d), and the marketplace does not follow", signed.Status).
			by("在商家中心填写重定向后的地址，或在代理上去掉重定向", "enter the address that it leads to in the seller centre, or take the redirect out of the proxy"))
	case signed.Status != http.StatusOK || code == "":
		return append(all, bad(Fault, "", "应答的不是 Koogate（HTTP %d）", "what answers is not Koogate (HTTP %d)", signed.Status).
			by("检查代理是否把 /produce/ 原样转发到 listen.facade", "look whether the proxy hands /produce/ on to listen.facade as it is"))
	case code == resultcode.AuthFailed:
		all = append(all, bad(Fault, "", "已签名的调用被拒绝（%s）：此处的密钥不是该地址的，或代理改动了查询串或请求体，或时钟不准", "a signed call is refused (%s): the key here is not the address's, a proxy alters the query or the body, or a clock is wrong", code).
			by("比较配置与 koogate keys list 中的密钥；koogate calls refusals 说明拒绝的种类", "compare the key with koogate keys list; koogate calls refusals says which kind of refusal it is"))
	case code == resultcode.Internal:
		all = append(all, bad(Fault, "", "已签名的调试调用失败（%s）", "a signed debugging call fails (%s)", code).by("查看 koogate serve 的日志与 /readyz", "look at the log of koogate serve and at /readyz"))
	default:
		all = append(all, good("已签名的调试调用得到应答（%s，%s）", "a signed debugging call is answered (%s, after %s)", code, signed.Took.Round(time.Millisecond)))
	}
	if got := resultcode.Code(unsigned.ResultCode); got != resultcode.AuthFailed {
		all = append(all, bad(Fault, "", "未签名的调用没有被拒绝（应答 %q，应为 000001）", "a call without a signature is not refused: it is answered %q instead of 000001", string(got)).
			by("该地址不核对签名：任何人都能开通或释放", "what answers there verifies nothing: anybody can order and release. Have it be Koogate's own listener"))
	} else {
		all = append(all, good("未签名的调用被拒绝（000001）", "a call without a signature is refused (000001)"))
	}
	return all
}
