// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/config"
)

// ports are looks at this service's own listeners, and at where its traces go.
func (p *Patient) ports() (all []look) {
	for _, s := range p.Config.Sockets() {
		switch s.Listener {
		case config.ListenerGRPC:
			all = append(all, look{"gRPC API", s.Addr, func(ctx context.Context) []Finding { return grpcAPI(ctx, s) }})
		case config.ListenerOps:
			all = append(all, look{"readiness", s.Addr, func(ctx context.Context) []Finding { return ready(ctx, s) }})
		}
	}
	if at := p.Config.Tracing.Endpoint; at != "" {
		all = append(all, look{"traces", at, func(ctx context.Context) []Finding { return p.collector(ctx, at) }})
	}
	return all
}

// own is a listener's address as this machine reaches it.
func own(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// unverified speaks TLS to this machine's own listener, whose certificate is for the name by which others reach it and has a look of its own.
func unverified() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: true} //nolint:gosec // no secret is sent
}

// grpcAPI makes a call without a token, which Koogate refuses.
func grpcAPI(ctx context.Context, s config.Socket) []Finding {
	transport := insecure.NewCredentials()
	if s.TLS.Enabled() {
		transport = credentials.NewTLS(unverified())
	}
	conn, err := grpc.NewClient("passthrough:///"+own(s.Addr), grpc.WithTransportCredentials(transport))
	if err != nil {
		return []Finding{bad(Fault, "", "无法连接：%s", "no connection: %s", err).by("更正 listen 中的地址", "correct the address under listen")}
	}
	defer conn.Close()
	_, err = koogatev1.NewTaskServiceClient(conn).ListQueues(ctx, &koogatev1.ListQueuesRequest{})
	switch code := status.Code(err); {
	case code == codes.Unauthenticated:
		return []Finding{good("应答，并要求令牌", "it answers, and wants a token")}
	case code == codes.Unavailable && s.TLS.ClientCAFile != "":
		return []Finding{bad(Warning, "", "监听器要求客户端证书：只知道端口 %s", "the listener wants a client's certificate: no more is known than that its port %s", listening(ctx, s.Addr)).by("用 koogate login --cert 以客户端证书核实", "prove it with a client's certificate: koogate login --cert")}
	case code == codes.Unavailable, code == codes.DeadlineExceeded:
		return []Finding{bad(Fault, "", "没有应答", "nobody answers").by("启动 koogate serve；若在另一台机器上运行，请在那里运行本命令", "start koogate serve; where it runs on another machine run this command there")}
	}
	return []Finding{bad(Fault, "", "应答的不是 Koogate：%s", "what answers is not Koogate: %s", status.Code(err)).by("核对 listen.grpc：该端口被其他程序占用", "compare listen.grpc: another program has this port")}
}

// listening says in one word whether a port is open.
func listening(ctx context.Context, addr string) string {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", own(addr))
	if err != nil {
		return "is closed"
	}
	_ = conn.Close()
	return "is open"
}

// ready asks the service itself.
func ready(ctx context.Context, s config.Socket) []Finding {
	scheme := "http://"
	transport := &http.Transport{}
	if s.TLS.Enabled() {
		scheme, transport.TLSClientConfig = "https://", unverified()
	}
	defer transport.CloseIdleConnections()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+own(s.Addr)+"/readyz", http.NoBody)
	if err != nil {
		return []Finding{bad(Fault, "", "无法连接：%s", "no connection: %s", err).by("更正 listen 中的地址", "correct the address under listen")}
	}
	res, err := (&http.Client{Transport: transport}).Do(r)
	if err != nil {
		return []Finding{bad(Fault, "", "没有应答", "nobody answers").by("启动 koogate serve；若在另一台机器上运行，请在那里运行本命令", "start koogate serve; where it runs on another machine run this command there")}
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return []Finding{bad(Fault, "", "服务未就绪（HTTP %d）", "the service is not ready (HTTP %d)", res.StatusCode).by("查看 %s/readyz 的内容与服务日志", "look at what %s/readyz says, and at its log", scheme+s.Addr)}
	}
	return []Finding{good("服务已就绪", "the service is ready")}
}

// collector connects to where traces go.
func (p *Patient) collector(ctx context.Context, at string) []Finding {
	const zh, en = "无法连接：%s", "no connection: %s"
	remedy := func(f Finding) []Finding {
		return []Finding{f.by("检查 tracing.endpoint 与 tracing.insecure，以及收集器是否在运行；没有它，服务照常工作，但没有轨迹", "look at tracing.endpoint and tracing.insecure, and whether the collector runs; without it the service works and leaves no traces")}
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", at)
	if err != nil {
		return remedy(bad(Warning, "", zh, en, plainly(err)))
	}
	defer func() { _ = conn.Close() }()
	if !p.Config.Tracing.Insecure {
		host, _, _ := net.SplitHostPort(at)
		t := tls.Client(conn, &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2"}})
		err := t.HandshakeContext(ctx)
		var plain tls.RecordHeaderError
		if errors.As(err, &plain) {
			return remedy(bad(Warning, "", "不使用 TLS，而配置要求 TLS", "it speaks no TLS, and the configuration wants it"))
		}
		if err != nil {
			return remedy(bad(Warning, "", zh, en, err))
		}
	}
	return []Finding{good("可以连接", "it is reached")}
}
