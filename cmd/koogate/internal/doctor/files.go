// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/koogate/koogate/server/certificate"
	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/server/evidence"
	"github.com/koogate/koogate/server/vault"
)

const (
	day = 24 * time.Hour
	// soon is when the end of a certificate is near: whoever renews it by hand needs days.
	soon = 21 * day
)

// files are looks at what lies on this machine.
func (p *Patient) files() (all []look) {
	if path := p.Config.KeysetFile; path != "" {
		all = append(all, look{"keyset", "", func(context.Context) []Finding { return keyset(path) }})
	}
	if path := p.Config.SigningFile; path != "" {
		all = append(all, look{"signing key", "", func(context.Context) []Finding { return signing(path) }})
	}
	for _, s := range p.Config.Sockets() {
		if s.TLS.Enabled() {
			all = append(all, look{"certificate", s.Listener, func(context.Context) []Finding { return p.certificate(s) }})
		}
	}
	return all
}

// keyset opens the keys that everything is encrypted with. Its own rights are stricter than those of other secrets: [vault.OpenFile] refuses what others can read.
func keyset(path string) []Finding {
	if f := closed(path); f != nil {
		return []Finding{*f}
	}
	_, err := vault.OpenFile(path)
	if err != nil {
		return []Finding{bad(Fault, "", "%s 无法打开：%s", "%s does not open: %s", path, err).
			by("从备份恢复该文件；没有它，已加密的访问信息无法读取。只有全新安装才用 koogate keys new FILE", "restore the file from its backup: without it nothing that is encrypted can be read. koogate keys new FILE is for a new installation only")}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return []Finding{unread(path, err)}
	}
	primary, others, err := vault.Keys(text)
	if err != nil {
		return []Finding{unread(path, err)}
	}
	return []Finding{good("可以打开；密钥 %d 用于加密，另有 %d 个旧密钥", "it opens; key %d seals, and %d older keys open what they have sealed", primary, len(others))}
}

func signing(path string) []Finding {
	if f := closed(path); f != nil {
		return []Finding{*f}
	}
	if _, err := evidence.OpenFile(path); err != nil {
		return []Finding{bad(Fault, "", "%s 无法打开：%s", "%s does not open: %s", path, err).
			by("从备份恢复该文件，或用 koogate keys new-signing FILE 新建", "restore the file from its backup, or make one by koogate keys new-signing FILE")}
	}
	return []Finding{good("可以打开", "it opens")}
}

// closed is what is wrong with the rights of a secret's file; nil for nothing.
func closed(path string) *Finding {
	info, err := os.Stat(path)
	var f Finding
	switch {
	case err != nil:
		f = unread(path, err)
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o007 != 0:
		f = bad(Fault, "", "%s 的权限为 %04o，其他用户可以访问", "%s has the rights %04o: others can use it", path, info.Mode().Perm()).
			by("执行 chmod 600 %s；若有人读过，请轮换密钥（koogate keys rotate）", "chmod 600 %s, and rotate the key (koogate keys rotate) if somebody has read it", path)
	default:
		return nil
	}
	return &f
}

func unread(path string, err error) Finding {
	return bad(Fault, "", "%s 无法读取：%s", "%s cannot be read: %s", path, reason(err)).
		by("以运行 Koogate 的用户运行本命令，并更正路径或文件权限", "run this command as the user that runs Koogate, and put the path or the file's rights right")
}

// reason is an error without the path, which stands before it.
func reason(err error) string {
	text := err.Error()
	return text[strings.LastIndex(text, ": ")+1:]
}

var errNoCertificate = errors.New("no certificate in PEM")

// certificate looks at the certificate that a listener shows.
func (p *Patient) certificate(s config.Socket) []Finding {
	if _, err := certificate.Open(certificate.Files{Cert: s.TLS.CertFile, Key: s.TLS.KeyFile, ClientCA: s.TLS.ClientCAFile}, nil, p.Clock); err != nil {
		return []Finding{bad(Fault, "", "证书无法使用：%s", "the certificate cannot be used: %s", err).
			by("请提供 PEM 证书链及其私钥（%s）", "give a PEM chain of certificates and its key (%s)", s.Key)}
	}
	chain, err := readChain(s.TLS.CertFile)
	if err != nil || len(chain) == 0 {
		return []Finding{unread(s.TLS.CertFile, errors.Join(err, errNoCertificate))}
	}
	found := p.ends(chain)
	if host := publicHost(&p.Config, s.Listener); host != "" {
		if err := chain[0].VerifyHostname(host); err != nil {
			found = append(found, bad(Fault, "", "证书不含 public_url 的主机名 %s（只有 %s）", "the certificate is not for %s, the host of public_url; it is for %s", host, names(chain[0])).
				by("换用含该主机名的证书，或更正 public_url", "use a certificate for that name, or correct public_url"))
		}
	}
	return found
}

// publicHost is the name under which a listener is reached, where the configuration says so.
func publicHost(c *config.Config, listener string) string {
	address := ""
	switch listener {
	case config.ListenerFacade:
		address = c.Listeners.Facade.PublicURL
	case config.ListenerAPI:
		address = c.Listeners.API.PublicURL
	case config.ListenerLogin:
		address = c.Listeners.Login.PublicURL
	}
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

func readChain(path string) (chain []*x509.Certificate, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		chain = append(chain, c)
	}
	return chain, nil
}

// ends says when a chain is over.
func (p *Patient) ends(chain []*x509.Certificate) []Finding {
	first := chain[0]
	for _, c := range chain {
		if c.NotAfter.Before(first.NotAfter) {
			first = c
		}
	}
	left := first.NotAfter.Sub(p.Clock.Now())
	when := first.NotAfter.UTC().Format(time.DateOnly)
	const zh, en = "证书（%s）将于 %s 到期，还有 %d 天", "the certificate for %s ends on %s, in %d days"
	switch {
	case left < 0:
		return []Finding{bad(Fault, "", "证书（%s）已于 %s 到期", "the certificate for %s has ended on %s", names(chain[0]), when).
			by("请更换证书；koogate serve 会自行读取新文件", "replace it: koogate serve takes new files by itself")}
	case p.Clock.Now().Before(chain[0].NotBefore):
		return []Finding{bad(Fault, "", "证书（%s）自 %s 起才有效", "the certificate for %s counts from %s only", names(chain[0]), chain[0].NotBefore.UTC().Format(time.RFC3339)).
			by("检查本机时钟，或换用现在有效的证书", "look at this machine's clock, or use a certificate that counts now")}
	case left < soon:
		return []Finding{bad(Warning, "", zh, en, names(chain[0]), when, int(left/day)).by("请更换证书；koogate serve 会自行读取新文件", "replace it: koogate serve takes new files by itself")}
	}
	return []Finding{good(zh, en, names(chain[0]), when, int(left/day))}
}

// names are those that a certificate is for.
func names(c *x509.Certificate) string {
	all := append([]string{}, c.DNSNames...)
	for _, ip := range c.IPAddresses {
		all = append(all, net.IP.String(ip))
	}
	if len(all) == 0 {
		return c.Subject.CommonName
	}
	const most = 3
	if len(all) > most {
		return fmt.Sprintf("%s (+%d)", strings.Join(all[:most], ", "), len(all)-most)
	}
	return strings.Join(all, ", ")
}
