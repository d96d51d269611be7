// SPDX-License-Identifier: Apache-2.0

// Command go is a seller's server for SaaS V2.0, in one file and with the standard library alone: KEY=… go run . 127.0.0.1:9000
//
// It keeps instances in memory. A real one keeps them in a table whose unique key is (orderId, orderLineId), so that they outlive it.
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

const ok, badSignature, badParameter, unknownInstance = "000000", "000001", "000002", "000003"

var (
	key       = os.Getenv("KEY")
	mu        sync.Mutex               // of instances and nonces
	instances = map[string]*instance{} // by ID
	nonces    = map[string]time.Time{} // signatures of calls, until when they could come again

	access = map[string]string{"frontEndUrl": "https://app.example.com/"}
	moment = regexp.MustCompile(`^[0-9]{14}([0-9]{3})?$`) // to the second or the millisecond
	states = map[string]string{"FREEZE": "FROZEN", "UNFREEZE": "ACTIVE"}
	scenes = map[string]bool{"TRIAL_TO_FORMAL": true, "RENEWAL": true, "UNSUBSCRIBE_RENEWAL_PERIOD": true, "RENEWAL_CHANGE": true}
)

// call is what is read of a body. Members that are not here are passed over.
type call struct {
	Activity, InstanceID, OrderID, OrderLineID, Scene, ExpireTime, Status string

	TestFlag any // "1" or 1 in a debugging call
}

type object map[string]any

type instance struct {
	state, expires string
	renewed        map[string]bool // by the order lines that have told of it
}

func mac(data string) string {
	h := hmac.New(sha256.New, []byte(key))
	h.Write([]byte(data))
	return fmt.Sprintf("%x", h.Sum(nil))
}

// verify looks at the bytes as they came, before anything else does.
func verify(r *http.Request, body string) string {
	q, now := r.URL.Query(), time.Now()
	stamp, nonce, signature := q.Get("timestamp"), q.Get("nonce"), strings.ToLower(q.Get("signature"))
	if want := mac(key + nonce + stamp + mac(body)); !hmac.Equal([]byte(want), []byte(signature)) {
		return badSignature
	}
	millis, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || nonce == "" || now.Sub(time.UnixMilli(millis)).Abs() > time.Minute {
		return badParameter
	}
	maps.DeleteFunc(nonces, func(_ string, until time.Time) bool { return until.Before(now) })
	if _, again := nonces[signature]; again {
		return badSignature
	}
	nonces[signature] = now.Add(2 * time.Minute)
	return ok
}

func serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<10))
	var in call
	answer := object{"resultMsg": "success"}
	mu.Lock()
	code := verify(r, string(body))
	if code == ok && (err != nil || json.Unmarshal(body, &in) != nil) {
		code = badParameter
	} else if code == ok {
		code = act(in, answer)
	}
	mu.Unlock()
	if answer["resultCode"] = code; code != ok {
		answer["resultMsg"] = "refused"
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer)
}

// act does what a call says. A debugging call is answered and leaves nothing.
func act(in call, answer object) string {
	test, line := in.TestFlag == "1" || in.TestFlag == 1.0, in.OrderID+"\n"+in.OrderLineID
	ordered := in.OrderID != "" && in.OrderLineID != ""
	i := instances[in.InstanceID]
	if test {
		i = &instance{renewed: map[string]bool{}}
	}
	switch {
	case in.Activity == "newInstance" && ordered:
		id := fmt.Sprintf("%x", sha256.Sum256([]byte(line)))[:32] // the same order line is the same instance, however often it comes
		if instances[id] == nil && !test {
			instances[id] = &instance{state: "ACTIVE", renewed: map[string]bool{}}
		}
		answer["instanceId"], answer["appInfo"] = id, access
	case in.InstanceID == "":
		return badParameter
	case in.Activity == "queryInstance":
		info := []object{}
		for id := range strings.SplitSeq(in.InstanceID, ",") {
			if i := instances[id]; test || i != nil && i.state != "RELEASED" {
				info = append(info, object{"instanceId": id, "appInfo": access})
			}
		}
		if answer["info"] = info; len(info) == 0 {
			return unknownInstance
		}
	case i == nil:
		return unknownInstance
	case in.Activity == "releaseInstance":
		i.state = "RELEASED"
	case i.state == "RELEASED": // nothing brings it back
		return unknownInstance
	case in.Activity == "refreshInstance" && ordered && scenes[in.Scene] && moment.MatchString(in.ExpireTime):
		if line += "\n" + in.Scene; !i.renewed[line] { // an older renewal that is told again moves nothing back
			i.renewed[line], i.expires = true, in.ExpireTime[:14]
		}
	case in.Activity == "updateInstanceStatus" && states[in.Status] != "":
		i.state = states[in.Status]
	case in.Activity == "upgradeInstance" && ordered, in.Activity == "changeInstanceCheck":
	default:
		return badParameter
	}
	return ok
}

func main() {
	if len(os.Args) != 2 || key == "" {
		log.Fatal("usage: KEY=… go run . HOST:PORT")
	}
	log.Fatal((&http.Server{Addr: os.Args[1], Handler: http.HandlerFunc(serve), ReadHeaderTimeout: 5 * time.Second}).ListenAndServe())
}
