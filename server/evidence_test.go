// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server"
	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/server/evidence"
	"github.com/koogate/koogate/store"
)

// published are the public keys as the API tells them.
func (r *rig) published() *evidence.Keys {
	r.t.Helper()
	m, err := koogatev1.NewEvidenceServiceClient(r.dial(acmeToken)).ListEvidenceKeys(r.t.Context(), &koogatev1.ListEvidenceKeysRequest{})
	if err != nil {
		r.t.Fatal(err)
	}
	var text strings.Builder
	for _, k := range m.GetKeys() {
		text.WriteString(k.GetPublicKey())
	}
	keys, err := evidence.Parse([]byte(text.String()))
	if err != nil {
		r.t.Fatal(err)
	}
	return keys
}

// TestAnOrdersEvidenceLeavesTheHouse: the pack is a file by REST and in the console, verifies with what the seller publishes, tells the whole order, and holds
// neither secrets nor people.
func TestAnOrdersEvidenceLeavesTheHouse(t *testing.T) {
	r := start(t)
	keys := r.published()
	calls := 1
	eventually(t, "the instance is there", func() bool { // with the password of its template
		calls++
		return r.mustCall("linked", newInstance("CS-PACK")).ResultCode == "000000"
	})
	if a := r.mustCall("linked", map[string]string{"activity": "updateInstanceStatus", "instanceId": "biz-CS-PACK", "status": "FREEZE"}); a.ResultCode != "000000" {
		t.Fatalf("got %+v", a)
	}
	eventually(t, "the calls are recorded", func() bool {
		recorded, err := r.deps.Store.ListCalls(t.Context(), store.ListQuery{Seller: "acme", Limit: 1000})
		return err == nil && len(recorded) == calls
	})
	for name, at := range map[string]string{"REST": "/v1/orders/CS-PACK:evidence", "the console": "/console/orders/CS-PACK/evidence"} {
		code, text, header := r.http(config.ListenerAPI, http.MethodGet, at, acmeToken, "")
		if code != http.StatusOK || header.Get("Content-Type") != "application/zip" || header.Get("Content-Disposition") != "attachment; filename=order-CS-PACK.zip" ||
			header.Get("Cache-Control") != "no-store" || header.Get("X-Content-Type-Options") != "nosniff" {
			t.Fatalf("%s: got %d %v %.200s", name, code, header, text)
		}
		report, err := (&evidence.Verifier{Keys: keys}).ReadPack(strings.NewReader(text), int64(len(text)))
		if err != nil || report.Report.FaultCount+report.Report.NoteCount != 0 || report.SignedBy != keys.Public()[0].ID || report.Manifest.OrderID != "CS-PACK" {
			t.Fatalf("%s: got %+v, %v", name, report, err)
		}
		files := filesIn(t, []byte(text))
		for file, content := range files {
			all, err := json.Marshal(content)
			if err != nil {
				t.Fatal(err)
			}
			for _, secret := range []string{"canary", acmeToken, acmeKey, "PRIVATE KEY"} {
				if strings.Contains(string(all), secret) {
					t.Errorf("%s: %s holds %q: %s", name, file, secret, all)
				}
			}
			if list, ok := content.([]any); ok && path.Ext(file) == ".jsonl" && len(list) == 0 && !strings.HasPrefix(file, "usage") && file != "audit.jsonl" {
				t.Errorf("%s: %s is empty", name, file)
			}
		}
		if got, bodies := files["calls.jsonl"].([]any), files["bodies.jsonl"].([]any); len(got) != calls || len(bodies) != calls {
			t.Errorf("%s: %d calls were made, and the pack has %v and %v", name, calls, got, bodies)
		}
		if account := files["account.zh.txt"].(string); !strings.Contains(account, "云商店请求开通新实例") {
			t.Errorf("%s: the account is %s", name, account)
		}
	}
	if code, page, _ := r.http(config.ListenerAPI, http.MethodGet, "/console/orders/CS-NONE/evidence?lang=en", acmeToken, ""); code != http.StatusNotFound || !strings.Contains(page, "No such order") {
		t.Errorf("got %d %s", code, page)
	}
}

// broken is a store that fails when the chain of an order is read for the second time, which is when its pack is half written.
type broken struct {
	store.Store

	after int
}

func (b *broken) Events(ctx context.Context, seller, orderID string, after int64, limit int) ([]store.Event, error) {
	if b.after--; b.after < 0 {
		return nil, errors.New("canary: the disk is gone")
	}
	return b.Store.Events(ctx, seller, orderID, after, limit)
}

// TestEvidenceThatBreaksOffSaysSo: by gRPC as a status with a reason, by REST as an error or a body without an end, never as a file that seems whole.
func TestEvidenceThatBreaksOffSaysSo(t *testing.T) {
	t.Parallel()
	b := &broken{after: 1 << 30}
	r := start(t, withoutJobs, func(_ *config.Config, d *server.Deps) { b.Store = d.Store; d.Store = b })
	r.mustCall("linked", newInstance("CS-PACK"))
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for after := range 2 { // how often the chain can be read: for the account, for the pack
		b.after = after
		stream, err := koogatev1.NewEvidenceServiceClient(r.dial(acmeToken)).ExportOrderEvidence(t.Context(), &koogatev1.ExportOrderEvidenceRequest{OrderId: "CS-PACK"})
		if err != nil {
			t.Fatal(err)
		}
		for err == nil {
			_, err = stream.Recv()
		}
		if got, _ := reasonOf(err); got != "STORE_UNAVAILABLE" || strings.Contains(err.Error(), "canary") {
			t.Errorf("read %d times: got %s, %v", after, got, err)
		}
		b.after = after
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+r.Addr(config.ListenerAPI)+"/v1/orders/CS-PACK:evidence", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+acmeToken)
		resp, err := client.Do(req)
		if err != nil { // nothing was sent
			continue
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode == http.StatusOK && err == nil || strings.Contains(string(body), "canary") {
			t.Errorf("read %d times: got %d and a body of %d bytes, %v", after, resp.StatusCode, len(body), err)
		}
	}
}

// download takes a file that comes in pieces.
func download(t *testing.T, conn *grpc.ClientConn, m protoreflect.MethodDescriptor, in proto.Message) (file []byte, err error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, fmt.Sprintf("/%s/%s", m.Parent().FullName(), m.Name()))
	if err == nil {
		err = errors.Join(stream.SendMsg(in), stream.CloseSend())
	}
	if err != nil {
		t.Fatal(err)
	}
	for {
		piece := newMessage(t, m.Output())
		if err := stream.RecvMsg(piece); errors.Is(err, io.EOF) {
			return file, nil
		} else if err != nil {
			return nil, err
		}
		file = append(file, piece.ProtoReflect().Get(m.Output().Fields().ByName("data")).Bytes()...)
	}
}

// filesIn is a ZIP file as JSON: each file by its name, JSON as it is, lines of it as a list.
func filesIn(t *testing.T, file []byte) map[string]any {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]any{}
	for _, f := range z.File {
		text, err := fs.ReadFile(z, f.Name)
		if err != nil {
			t.Fatal(err)
		}
		switch path.Ext(f.Name) {
		case ".json", ".jsonl":
			list := []any{}
			for d := json.NewDecoder(bytes.NewReader(text)); ; {
				var v any
				if err := d.Decode(&v); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					t.Fatalf("%s: %v", f.Name, err)
				}
				list = append(list, v)
			}
			all[f.Name] = list
			if path.Ext(f.Name) == ".json" {
				all[f.Name] = list[0]
			}
		default:
			all[f.Name] = string(text)
		}
	}
	return all
}
