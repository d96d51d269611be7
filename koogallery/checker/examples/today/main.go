// SPDX-License-Identifier: Apache-2.0

// Command today is a server like those that sellers start from: go run . 127.0.0.1:9001. Do not copy it. It makes an instance for each
// call that opens, answers 000000 to everything, reads strictly, and verifies what it is told to verify.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"math/rand/v2"
	"net/http"
	"os"
	"time"
)

// request is what the page of newInstance has, and what the examples of the other pages show.
type request struct {
	Activity    string `json:"activity"`
	BusinessID  string `json:"businessId"`
	OrderID     string `json:"orderId"`
	OrderLineID string `json:"orderLineId"`
	InstanceID  string `json:"instanceId"`
	ProductID   string `json:"productId"`
	Scene       string `json:"scene"`
	ExpireTime  string `json:"expireTime"`
	Status      string `json:"status"`
	TestFlag    string `json:"testFlag"`
}

func answer(w http.ResponseWriter, members map[string]any) {
	members["resultCode"], members["resultMsg"] = "000000", "success"
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(members)
}

func serve(w http.ResponseWriter, r *http.Request) {
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	var in request
	if err := decoder.Decode(&in); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if r.URL.Query().Get("signature") == "" {
		log.Print("no signature") // and goes on: nothing verifies it
	}
	switch in.Activity {
	case "newInstance":
		id := fmt.Sprintf("%016x", rand.Uint64())
		answer(w, map[string]any{"instanceId": id, "appInfo": map[string]string{"frontEndUrl": "https://app.example.com/"}})
	case "queryInstance":
		answer(w, map[string]any{"info": []any{map[string]any{"instanceId": in.InstanceID, "appInfo": map[string]string{"frontEndUrl": "https://app.example.com/"}}}})
	case "refreshInstance":
		if _, err := time.Parse("20060102150405", in.ExpireTime); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		answer(w, map[string]any{})
	default:
		answer(w, map[string]any{})
	}
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: go run . HOST:PORT")
	}
	log.Fatal((&http.Server{Addr: os.Args[1], Handler: http.HandlerFunc(serve), ReadHeaderTimeout: 5 * time.Second}).ListenAndServe())
}
