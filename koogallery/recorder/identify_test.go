// SPDX-License-Identifier: Apache-2.0

package recorder

import (
	"net/http"
	"testing"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/recorder/tape"
)

// The address tells the Kit's calls from others, also those that the Kit does not have: they are signed as the Kit's are.
func TestWhatACallIs(t *testing.T) {
	for _, tc := range []struct {
		method, path, query, body string
		family                    judge.Family
		activity                  judge.Activity
	}{
		{http.MethodPost, "", "", `{"activity":"newInstance"}`, judge.FamilySaasV2, judge.ActivityNew},
		{http.MethodPost, "", "", `{"activity":"orderNotify"}`, judge.FamilyOrderNotify, judge.ActivityNotify},
		{http.MethodPost, "", "", `no JSON`, judge.FamilySaasV2, ""},
		{http.MethodGet, "", "getLicense", "", judge.FamilyLicenseV1, judge.ActivityGetLicense},
		{http.MethodGet, "", "nothing", "", judge.FamilySaasV1, "nothing"},
		{http.MethodPost, "produceAPI/tenantSync", "", `{}`, judge.FamilyKitV1, judge.ActivityTenant},
		{http.MethodPost, "produceAPI/v2/authSync", "", `{}`, judge.FamilyKitV2, judge.ActivityAuth},
		{http.MethodPost, "produceAPI/nothing", "", `{}`, judge.FamilyKitV1, "nothing"},
		{http.MethodPost, "produceAPI/v2/nothing", "", `{}`, judge.FamilyKitV2, "nothing"},
	} {
		c := &tape.Call{Method: tc.method, Path: tc.path, Query: []tape.Pair{{"activity", tc.query}}}
		if f, a := identify(c, []byte(tc.body)); f != tc.family || a != tc.activity {
			t.Errorf("%+v: %s %s", tc, f, a)
		}
	}
}
