// SPDX-License-Identifier: Apache-2.0

// Command go is a seller's server for SaaS V2.0, in one file and with the standard library alone: KEY=… go run . 127.0.0.1:9000
//
// It keeps instances in memory. A real one keeps them in a table whose unique key is (orderId, orderLineId), so that they outlive it.
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	ok, badSignature, badParameter, unknownInstance = "000000", "000001", "000002", "000003"

	skew = 60 * time.Second
)

type object map[string]any

// text is a member that is a text of at most 64 characters, else "".
func (o object) text(name string) string {
	s, _ := o[name].(string)
	if len(s) > 64 {
		return ""
	}
	return s
}

type instance struct {
	state, expires string
	done           map[string]bool // renewals and upgrades that were told
}

type server struct {
	key       string
	mu        sync.Mutex
	instances map[string]*instance // by ID
	nonces    map[string]time.Time // signatures of calls, until when they could come again
}

func mac(key string, data string) string {
	h := hmac.New(sha256.New, []byte(key))
	h.Write([]byte(data))
	return hex.EncodeToString(h.Sum(nil))
}

// verify looks at the bytes as they came, before anything else does.
func (s *server) verify(r *http.Request, body string) string {
	q := r.URL.Query()
	stamp, nonce, signature := q.Get("timestamp"), q.Get("nonce"), strings.ToLower(q.Get("signature"))
	millis, err := strconv.ParseInt(stamp, 10, 64)
	if want := mac(s.key, s.key+nonce+stamp+mac(s.key, body)); !hmac.Equal([]byte(want), []byte(signature)) {
		return badSignature
	}
	now := time.Now()
	if age := now.Sub(time.UnixMilli(millis)); err != nil || nonce == "" || age > skew || age < -skew {
		return badParameter
	}
	for old, until := range s.nonces {
		if until.Before(now) {
			delete(s.nonces, old)
		}
	}
	if _, again := s.nonces[signature]; again {
		return badSignature
	}
	s.nonces[signature] = now.Add(2 * skew)
	return ok
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<10))
	answer := object{}
	s.mu.Lock()
	code := s.verify(r, string(body))
	if in := (object{}); code == ok {
		if code = badParameter; err == nil && json.Unmarshal(body, &in) == nil {
			code = s.act(in, answer)
		}
	}
	s.mu.Unlock()
	answer["resultCode"], answer["resultMsg"] = code, map[string]string{ok: "success"}[code]
	if code != ok {
		answer["resultMsg"] = "refused"
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer)
}

// act does what a call says. A debugging call is answered and leaves nothing.
func (s *server) act(in, answer object) string {
	id, order, line := in.text("instanceId"), in.text("orderId"), in.text("orderLineId")
	test := in["testFlag"] == "1" || in["testFlag"] == 1.0
	if in["activity"] == "newInstance" {
		if order == "" || line == "" {
			return badParameter
		}
		sum := sha256.Sum256([]byte(order + "\n" + line)) // the same order line is the same instance, however often it comes
		id = hex.EncodeToString(sum[:16])
		if s.instances[id] == nil && !test {
			s.instances[id] = &instance{state: "ACTIVE", done: map[string]bool{}}
		}
		answer["instanceId"], answer["appInfo"] = id, object{"frontEndUrl": "https://app.example.com/"}
		return ok
	}
	if in["activity"] == "queryInstance" {
		return s.query(in["instanceId"], test, answer)
	}
	i := s.instances[id]
	if test {
		i = &instance{done: map[string]bool{}}
	}
	again := func(key string) bool { // tells whether a change was told before
		was := i.done[key]
		i.done[key] = true
		return was
	}
	switch activity, expires := in["activity"], in.text("expireTime"); {
	case id == "":
		return badParameter
	case i == nil:
		return unknownInstance
	case activity == "releaseInstance":
		i.state = "RELEASED"
	case i.state == "RELEASED": // nothing brings it back
		return unknownInstance
	case activity == "refreshInstance":
		_, err := strconv.ParseUint(expires, 10, 64)
		scene := in.text("scene")
		if err != nil || len(expires) != 14 && len(expires) != 17 || !strings.Contains(" TRIAL_TO_FORMAL RENEWAL UNSUBSCRIBE_RENEWAL_PERIOD RENEWAL_CHANGE ", " "+scene+" ") {
			return badParameter
		}
		if !again(order + "/" + line + "/" + scene) { // an older renewal that is told again moves nothing back
			i.expires = expires[:14]
		}
	case activity == "updateInstanceStatus" && in["status"] == "FREEZE":
		i.state = "FROZEN"
	case activity == "updateInstanceStatus" && in["status"] == "UNFREEZE":
		i.state = "ACTIVE"
	case activity == "upgradeInstance" && order != "" && line != "":
		again("upgrade/" + order + "/" + line)
	case activity == "changeInstanceCheck":
	default:
		return badParameter
	}
	return ok
}

func (s *server) query(asked any, test bool, answer object) string {
	text, _ := asked.(string)
	ids := strings.Split(text, ",")
	if text == "" || len(ids) > 100 {
		return badParameter
	}
	info := []object{}
	for _, id := range ids {
		if i := s.instances[id]; test || i != nil && i.state != "RELEASED" {
			info = append(info, object{"instanceId": id, "appInfo": object{"frontEndUrl": "https://app.example.com/", "userName": "admin"}})
		}
	}
	if len(info) == 0 {
		return unknownInstance
	}
	answer["info"] = info
	return ok
}

func main() {
	s := &server{key: os.Getenv("KEY"), instances: map[string]*instance{}, nonces: map[string]time.Time{}}
	if len(os.Args) != 2 || s.key == "" {
		log.Fatal("usage: KEY=… go run . HOST:PORT")
	}
	log.Fatal((&http.Server{Addr: os.Args[1], Handler: s, ReadHeaderTimeout: 5 * time.Second}).ListenAndServe())
}
