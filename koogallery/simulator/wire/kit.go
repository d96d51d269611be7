// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
)

// kit is the Kit's synchronisation interfaces, of either generation: POST below
// the production address, a key of its own (kit §A).
type kit struct{ v1 bool }

func (kit) name(a judge.Activity) judge.Activity { return a }

// params: the time stamp is part of what is told, so a repetition keeps it.
func (kit) params(_ *Caller, m Message) (map[string]any, error) {
	p := maps.Clone(m.Params)
	p["instanceId"] = m.Instance
	return p, nil
}

// pack writes the members in the order of the documents. The signature of V2 is
// over the sorted form, so that a seller has to sort (kit §A.10); that of V1 is
// over names and values (kit §A.9).
func (k kit) pack(c *Caller, a judge.Activity, at time.Time, params map[string]any) (Call, error) {
	body, err := kitBody(a, params)
	if err != nil {
		return Call{}, err
	}
	address, err := k.address(c.cfg.FacadeURL, a)
	if err != nil {
		return Call{}, err
	}
	// The names are sent in the documents' own case.
	header := http.Header{"Accept": {"application/json"}, "Content-Type": {"application/json"}}
	if k.v1 {
		token, err := sign.AuthTokenBody(c.cfg.KitKey, body)
		if err != nil {
			return Call{}, err
		}
		header[sign.AuthTokenHeader] = []string{token}
		return post(address, header, body, c.cfg.V1Timeout), nil
	}
	sorted, err := sign.Canonical(body)
	if err != nil {
		return Call{}, err
	}
	nonce, timestamp := catalogue.Token(c.cfg.NewID()), strconv.FormatInt(at.UnixMilli(), 10)
	header[sign.KitSignHeader] = []string{strings.ToUpper(sign.KitSign(c.cfg.KitKey, nonce, timestamp, sorted))}
	header[sign.KitTimestampHeader] = []string{timestamp}
	header[sign.KitNonceHeader] = []string{nonce}
	return post(address, header, body, c.cfg.Timeout), nil
}

func (k kit) rules(c *Caller) (judge.Family, string) {
	if k.v1 {
		return judge.FamilyKitV1, c.cfg.KitKey
	}
	return judge.FamilyKitV2, c.cfg.KitKey
}

// address appends the fixed path of an interface (kit §0.1).
func (k kit) address(base string, a judge.Activity) (string, error) {
	u, err := url.Parse(base)
	if err != nil {
		return "", fmt.Errorf("%w: FacadeURL", ErrConfig)
	}
	path := "produceAPI/v2"
	if k.v1 {
		path = "produceAPI"
	}
	return u.JoinPath(path, string(a)).String(), nil
}
