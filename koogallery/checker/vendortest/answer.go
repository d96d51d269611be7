// SPDX-License-Identifier: Apache-2.0

package vendortest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/koogate/koogate/koogallery/clock"
	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/koogallery/seal"
)

// answer is the members of an answer beside resultCode and resultMsg.
type answer map[string]any

// reply is what is answered to a call.
type reply struct {
	code resultcode.Code
	more answer
}

func refuse(code resultcode.Code) reply { return reply{code: code} }

func success(more answer) reply { return reply{resultcode.Success, more} }

// encode returns the bytes of an answer: JSON in ASCII.
func (v *Vendor) encode(r reply) []byte {
	all := map[string]any{"resultCode": string(r.code), "resultMsg": resultcode.Message(r.code, "")}
	for name, value := range r.more {
		all[name] = value
	}
	v.misform(all)
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(all); err != nil {
		panic(err) // texts, numbers and maps of them cannot fail
	}
	switch text := bytes.TrimSpace(b.Bytes()); {
	case v.has("trailing-comma"):
		return append(ascii(text[:len(text)-1]), ",}"...)
	case v.has("plain-memo"):
		return text
	default:
		return ascii(text)
	}
}

// ascii escapes what is not ASCII in a JSON text.
func ascii(text []byte) []byte {
	var b strings.Builder
	for _, r := range string(text) {
		switch {
		case r < utf8.RuneSelf:
			b.WriteRune(r)
		case r > 0xFFFF:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return []byte(b.String())
}

// write sends an answer.
func (v *Vendor) write(w http.ResponseWriter, r reply) {
	body := v.encode(r)
	if v.has("slow") {
		_ = clock.Sleep(context.Background(), v.cfg.Clock, 2*Timeout)
	}
	w.Header().Set("Date", v.cfg.Clock.Now().UTC().Format(http.TimeFormat))
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	if v.has("html") {
		w.Header().Set("Content-Type", "text/html;charset=UTF-8")
	}
	status := http.StatusOK
	if v.has("created") && r.code == resultcode.Success {
		status = http.StatusCreated
	}
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// misform makes the mistakes in the form of an answer.
func (v *Vendor) misform(all map[string]any) {
	id, _ := all["instanceId"].(string)
	info, _ := all["info"].([]answer)
	switch {
	case v.has("code-as-number"):
		all["resultCode"], _ = strconv.Atoi(all["resultCode"].(string))
	case v.has("code-misprinted") && all["resultCode"] == string(resultcode.Processing):
		all["resultCode"] = "0000004"
	case v.has("no-message"):
		delete(all, "resultMsg")
	case v.has("long-message"):
		all["resultMsg"] = strings.Repeat("at com.example.Order ", 20)
	case v.has("no-licence"):
		delete(all, "license")
	case v.has("cipher-misnamed") && all["encryptType"] != nil:
		all["encryptType"] = string(seal.AES128)
	case v.has("no-instance-id"):
		delete(all, "instanceId")
	case v.has("long-instance-id") && id != "":
		all["instanceId"] = "instance-of-the-product-" + id + "-" + id
	case v.has("no-front-end-at-first"):
		delete(all, "appInfo")
	case v.has("info-as-object") && len(info) > 0:
		all["info"] = info[0]
	}
	for _, shown := range info {
		v.misshow(shown)
	}
	if v.has("shows-another") && len(info) > 0 {
		another := maps.Clone(info[0])
		another["instanceId"] = "somebody-elses"
		all["info"] = append(info, another)
	}
}

// misshow makes the mistakes in what is shown of an instance.
func (v *Vendor) misshow(shown answer) {
	app, _ := shown["appInfo"].(answer)
	usage, _ := shown["usageInfo"].([]answer)
	switch {
	case v.has("info-without-id"):
		delete(shown, "instanceId")
	case v.has("no-front-end"):
		delete(app, "frontEndUrl")
	case v.has("long-password"):
		app["password"] = strings.Repeat("p", 129)
	case v.has("long-memo"):
		app["memo"] = strings.Repeat("m", 1025)
	case len(usage) == 0:
	case v.has("usage-as-text"):
		usage[0]["usageValue"] = "0.0000"
	case v.has("usage-time-short"):
		usage[0]["statisticalTime"] = "20260130120000"
	}
}
