// SPDX-License-Identifier: Apache-2.0

package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
)

// Options say how Koogate's internal API is reached. It speaks TLS when CAFile or CertFile is set and to every address beyond
// loopback; in clear to loopback, and elsewhere only with Clear.
type Options struct {
	// Addr is the gRPC listener, host:port. Required.
	Addr string
	// Token is the bearer token; empty for a client that Koogate knows by its certificate.
	Token Secret
	// CAFile holds the authorities that Koogate's certificate is held against, in PEM, and is read once. Empty means the machine's.
	CAFile string
	// CertFile and KeyFile are the client's own certificate, in PEM, for a listener that asks for one (client_ca_file). They are read
	// at every handshake, so that they can be replaced.
	CertFile, KeyFile string
	// Clear speaks without TLS beyond loopback: whoever is on the way reads the token, the buyers and their passwords.
	Clear bool
}

// FromEnv reads KOOGATE_ADDR, KOOGATE_TOKEN, KOOGATE_CA_FILE, KOOGATE_CERT_FILE, KOOGATE_KEY_FILE and KOOGATE_CLEAR ("true").
func FromEnv() Options {
	return Options{
		Addr: os.Getenv("KOOGATE_ADDR"), Token: Secret(os.Getenv("KOOGATE_TOKEN")), CAFile: os.Getenv("KOOGATE_CA_FILE"),
		CertFile: os.Getenv("KOOGATE_CERT_FILE"), KeyFile: os.Getenv("KOOGATE_KEY_FILE"), Clear: os.Getenv("KOOGATE_CLEAR") == "true",
	}
}

// Dial returns a connection to the internal API, for a [Worker] and for every client of package koogatev1. It connects at the first
// call and again whenever the connection is lost. The errors of its calls are [*Error]. Dial's own errors name the option at fault.
func Dial(o Options, more ...grpc.DialOption) (*grpc.ClientConn, error) {
	host, err := o.host()
	if err != nil {
		return nil, err
	}
	clear := o.Clear || onLoopback(host) && o.CAFile == "" && o.CertFile == ""
	transport := insecure.NewCredentials()
	if clear {
		if o.CAFile != "" || o.CertFile != "" {
			return nil, errors.New("client: Options.Clear (KOOGATE_CLEAR) speaks without TLS, and certificates are given: leave one of them out")
		}
	} else if transport, err = o.tls(); err != nil {
		return nil, err
	}
	opts := []grpc.DialOption{
		grpc.WithTransportCredentials(transport),
		grpc.WithUserAgent("koogate-client"),
		grpc.WithChainUnaryInterceptor(unary),
		grpc.WithChainStreamInterceptor(stream),
		// Whoever restarts Koogate waits for nobody: the library's own longest pause is two minutes.
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 200 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 5 * time.Second},
			MinConnectTimeout: 5 * time.Second,
		}),
		// A lease that waits on a connection that has fallen silent is given up. The server allows a ping every 20 s.
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 30 * time.Second, Timeout: 10 * time.Second}),
	}
	if o.Token != "" {
		opts = append(opts, grpc.WithPerRPCCredentials(bearer{o.Token, clear}))
	}
	conn, err := grpc.NewClient(o.Addr, append(opts, more...)...)
	if err != nil {
		return nil, fmt.Errorf("client: Options.Addr (KOOGATE_ADDR): %w", err)
	}
	return conn, nil
}

// host is the name in Addr; empty for a socket of this machine.
func (o Options) host() (string, error) {
	const want = "client: Options.Addr (KOOGATE_ADDR) is the gRPC listener as host:port, such as 127.0.0.1:9090"
	switch scheme, rest, ok := strings.Cut(o.Addr, ":"); {
	case ok && strings.HasPrefix(scheme, "unix"):
		return "", nil
	case ok && (scheme == "http" || scheme == "https") && strings.HasPrefix(rest, "//"):
		return "", errors.New(want + "; it is no URL, and not the port of REST")
	}
	host, _, err := net.SplitHostPort(o.Addr[strings.LastIndexByte(o.Addr, '/')+1:])
	if err != nil || host == "" {
		return "", errors.New(want)
	}
	return host, nil
}

func onLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "" || strings.EqualFold(host, "localhost") || err == nil && ip.IsLoopback()
}

func (o Options) tls() (credentials.TransportCredentials, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if o.CAFile != "" {
		text, err := os.ReadFile(o.CAFile)
		if err != nil {
			return nil, fmt.Errorf("client: Options.CAFile (KOOGATE_CA_FILE): %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("client: Options.CAFile (KOOGATE_CA_FILE): %s holds no certificate in PEM", o.CAFile)
		}
	}
	if o.CertFile == "" && o.KeyFile == "" {
		return credentials.NewTLS(c), nil
	}
	read := func() (*tls.Certificate, error) {
		pair, err := tls.LoadX509KeyPair(o.CertFile, o.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("client: Options.CertFile and KeyFile (KOOGATE_CERT_FILE, KOOGATE_KEY_FILE): %w", err)
		}
		return &pair, nil
	}
	if _, err := read(); err != nil {
		return nil, err
	}
	c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return read() }
	return credentials.NewTLS(c), nil
}

// bearer sends the token with every call, in clear only where that was decided.
type bearer struct {
	token Secret
	clear bool
}

// GetRequestMetadata implements credentials.PerRPCCredentials.
func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + string(b.token)}, nil
}

// RequireTransportSecurity implements credentials.PerRPCCredentials.
func (b bearer) RequireTransportSecurity() bool { return !b.clear }

// unary makes the errors of calls typed.
func unary(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, call grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	return typed(call(ctx, method, req, reply, conn, opts...))
}

// stream makes the errors of streams typed.
func stream(ctx context.Context, desc *grpc.StreamDesc, conn *grpc.ClientConn, method string, open grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	s, err := open(ctx, desc, conn, method, opts...)
	if err != nil {
		return nil, typed(err)
	}
	return typedStream{s}, nil
}

type typedStream struct{ grpc.ClientStream }

// SendMsg implements grpc.ClientStream.
func (s typedStream) SendMsg(m any) error { return typed(s.ClientStream.SendMsg(m)) }

// RecvMsg implements grpc.ClientStream.
func (s typedStream) RecvMsg(m any) error { return typed(s.ClientStream.RecvMsg(m)) }
