// SPDX-License-Identifier: Apache-2.0

package recorder

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/koogate/koogate/koogallery/recorder/tape"
)

var errHead = errors.New("no head of an HTTP message")

// readHead reads the head of a message, to the empty line.
func readHead(in *bufio.Reader) ([]byte, error) {
	var head []byte
	for {
		line, err := in.ReadSlice('\n')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return nil, err
		}
		if len(head) == 0 && len(bytes.TrimSpace(line)) == 0 { // empty lines before a call are nothing
			continue
		}
		head = append(head, line...)
		if len(head) > maxHead {
			return nil, errHead
		}
		if bytes.HasSuffix(head, []byte("\r\n\r\n")) || bytes.HasSuffix(head, []byte("\n\n")) {
			return head, nil
		}
	}
}

// withHost returns a head with another host, which is all that is changed.
func withHost(head []byte, host string) []byte {
	out := make([]byte, 0, len(head)+len(host))
	for i, line := range bytes.SplitAfter(head, []byte("\n")) {
		name, _, ok := bytes.Cut(line, []byte(":"))
		if i > 0 && ok && strings.EqualFold(string(name), "Host") {
			out = append(out, name...)
			out = append(out, ": "+host+"\r\n"...)
			continue
		}
		out = append(out, line...)
	}
	return out
}

// pairsOf returns the headers of a head with their names in the case in which they were sent.
func pairsOf(head []byte) []tape.Pair {
	var pairs []tape.Pair
	for i, line := range strings.Split(string(head), "\n") {
		name, value, ok := strings.Cut(strings.TrimSuffix(line, "\r"), ":")
		if i > 0 && ok {
			pairs = append(pairs, tape.Pair{name, strings.TrimSpace(value)})
		}
	}
	return pairs
}

// lastHead returns the head of the answer itself, behind those that only announced it.
func lastHead(seen []byte) []byte {
	for {
		head, rest, ok := bytes.Cut(seen, []byte("\r\n\r\n"))
		if !ok || !bytes.HasPrefix(head, []byte("HTTP/1.")) || len(head) < 10 || head[9] != '1' {
			return head
		}
		seen = rest
	}
}

// copyBody passes the body of a call on, byte for byte, and keeps its content.
func copyBody(to io.Writer, in *bufio.Reader, coding []string, length int64, content *kept) error {
	if len(coding) == 0 {
		_, err := io.CopyN(to, io.TeeReader(in, content), max(length, 0))
		return err
	}
	for {
		line, err := passLine(to, in)
		if err != nil {
			return err
		}
		size, _, _ := strings.Cut(line, ";")
		n, err := strconv.ParseInt(strings.TrimSpace(size), 16, 64)
		if err != nil || n < 0 {
			return errHead
		}
		if n == 0 {
			break
		}
		if _, err := io.CopyN(to, io.TeeReader(in, content), n); err != nil {
			return err
		}
		if _, err := passLine(to, in); err != nil {
			return err
		}
	}
	for { // trailers
		line, err := passLine(to, in)
		if err != nil || line == "" {
			return err
		}
	}
}

// passLine passes a line on and returns it without its end.
func passLine(to io.Writer, in *bufio.Reader) (string, error) {
	line, err := in.ReadSlice('\n')
	if err != nil {
		return "", err
	}
	_, err = to.Write(line)
	return strings.TrimRight(string(line), "\r\n"), err
}
