// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/koogate/koogate/koogallery/simulator/catalogue"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/sign"
)

// kit is the Kit's synchronisation interfaces, of either generation: POST below
// the production address, a key of its own (kit §A).
type kit struct{ v1 bool }

func kitOf(f judge.Family) kit { return kit{v1: f == judge.FamilyKitV1} }

func (kit) name(a judge.Activity) judge.Activity { return a }

// params: the time stamp is part of what is told, so a repetition keeps it.
func (kit) params(_ *Simulator, m *message, instanceID string) (map[string]any, error) {
	p := maps.Clone(m.params)
	p["instanceId"] = instanceID
	return p, nil
}

// pack writes the members in the order of the documents. The signature of V2 is
// over the sorted form, so that a seller has to sort (kit §A.10); that of V1 is
// over names and values (kit §A.9).
func (k kit) pack(s *Simulator, c *Call, params map[string]any) (parcel, error) {
	body, err := kitBody(c.Activity, params)
	if err != nil {
		return parcel{}, err
	}
	address, err := k.address(s.cfg.FacadeURL, c.Activity)
	if err != nil {
		return parcel{}, err
	}
	// The names are sent in the documents' own case.
	header := http.Header{"Accept": {"application/json"}, "Content-Type": {"application/json"}}
	if k.v1 {
		token, err := sign.AuthTokenBody(s.cfg.KitKey, body)
		if err != nil {
			return parcel{}, err
		}
		header[sign.AuthTokenHeader] = []string{token}
		return parcel{http.MethodPost, address, header, body, s.cfg.V1Timeout}, nil
	}
	sorted, err := sign.Canonical(body)
	if err != nil {
		return parcel{}, err
	}
	nonce, timestamp := catalogue.Token(s.cfg.NewID()), strconv.FormatInt(c.At.UnixMilli(), 10)
	header[sign.KitSignHeader] = []string{strings.ToUpper(sign.KitSign(s.cfg.KitKey, nonce, timestamp, sorted))}
	header[sign.KitTimestampHeader] = []string{timestamp}
	header[sign.KitNonceHeader] = []string{nonce}
	return parcel{http.MethodPost, address, header, body, s.cfg.Timeout}, nil
}

func (k kit) rules(s *Simulator) (judge.Family, string) {
	if k.v1 {
		return judge.FamilyKitV1, s.cfg.KitKey
	}
	return judge.FamilyKitV2, s.cfg.KitKey
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

// kitMembers returns the members of a body in the order of the documents (kit
// §A.1 to §A.5). Of the two lists of departments each generation has one.
func kitMembers(a judge.Activity) []string {
	switch a {
	case judge.ActivityTenant:
		return []string{"instanceId", "orderId", "tenantId", "tenantCode", "name", "domainName", "flag", "testFlag", "timeStamp"}
	case judge.ActivityApplication:
		return []string{"instanceId", "tenantId", "appId", "clientId", "clientSecret", "flag", "testFlag", "timeStamp"}
	case judge.ActivityAuth:
		return []string{"instanceId", "tenantId", "appId", "userList", "currentSyncTime", "flag", "testFlag", "timeStamp"}
	case judge.ActivitySingleOrg:
		return []string{"instanceId", "tenantId", "orgCode", "orgName", "parentCode", "flag", "testFlag", "timeStamp"}
	case judge.ActivityAllOrg:
		return []string{"instanceId", "tenantId", "orgInfo", "orgInfoList", "testFlag", "timeStamp"}
	default:
		return nil
	}
}

// kitBody prints a body.
func kitBody(a judge.Activity, params map[string]any) ([]byte, error) {
	b := []byte{'{'}
	written := 0
	for _, name := range kitMembers(a) {
		value, ok := params[name]
		if !ok {
			continue
		}
		text, err := plainJSON(value)
		if err != nil {
			return nil, err
		}
		if written > 0 {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = append(b, name...)
		b = append(b, '"', ':')
		b = append(b, text...)
		written++
	}
	if written != len(params) {
		return nil, fmt.Errorf("simulator: a member of %s is not known", a)
	}
	return append(b, '}'), nil
}
