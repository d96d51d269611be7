// SPDX-License-Identifier: Apache-2.0

package vendortest

import (
	"net/url"
	"slices"
	"strings"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/sign"
)

// mutantsGet returns the mistakes that can be made with the calls of V1.
func mutantsGet() []Mutant {
	saas, licence := judge.FamilySaasV1, judge.FamilyLicenseV1
	v1, alone := []judge.Family{saas, licence}, []judge.Family{saas}
	doors, base := gets(), []judge.Family{saas, judge.FamilyKitV1}
	state := []probe.Hook{probe.HookState}
	return []Mutant{
		{ID: "token-is-optional", Fault: "F17", Says: "takes calls without an authToken", Families: doors, Rule: "auth-token-demanded"},
		{ID: "decrypts-first", Fault: "F16", Says: "decrypts the buyer's telephone number before it verifies the authToken", Families: base, Rule: "token-before-secrets"},
		{ID: "last-value-counts", Fault: "auth-token-repeated-name", Says: "verifies the first value of a repeated name and uses the last", Families: doors, Rule: "signed-value-counts"},
		{ID: "query-order-counts", Fault: "auth-token-order", Says: "signs the parameters in the order in which they came", Families: doors, Rule: "auth-token-any-order", Also: everyToken},
		{ID: "known-parameters-signed", Fault: "v1-open-parameters", Says: "signs a fixed list of parameters", Families: doors, Rule: "unknown-parameters-signed", Also: everyToken},
		{ID: "values-signed-encoded", Fault: "F19", Says: "signs the values as they are encoded in the query", Families: base, Rule: "auth-token-values", Also: []string{"auth-token-any-order", "unknown-parameters-signed", "auth-token-empty-values", "unescaped-plus", "debugging-succeeds"}},
		{ID: "plus-becomes-blank", Fault: "F19", Says: "decodes values twice, so that a plus sign becomes a blank", Families: doors, Rule: "auth-token-values", Also: everyToken},
		{ID: "plus-is-a-blank", Fault: "F19", Says: "refuses a plus sign that was not escaped", Families: doors, Rule: "unescaped-plus"},
		{ID: "blanks-dropped", Fault: "auth-token-blanks", Says: "drops empty values before it signs, as the POST code does", Families: doors, Rule: "auth-token-empty-values"},
		{ID: "any-v1-activity", Fault: "F09", Says: "answers whatever activity with success", Families: doors, Rule: "v1-unknown-activity-refused"},
		{ID: "atoi-panics", Fault: "F10", Says: "falls over a quantity that is no number", Families: doors, Rule: "odd-parameters-are-answered"},
		{ID: "one-v1-key", Fault: "F18", Says: "knows one key of V1 only", Families: doors, Rule: "v1-two-keys-are-valid"},
		{ID: "answers-by-first-key", Fault: "F18", Says: "signs every answer with its first key", Families: doors, Rule: "v1-two-keys-are-valid"},
		{ID: "refusals-unsigned", Fault: "F20", Says: "signs the answers of successes only", Families: doors, Rule: "refusals-are-signed", Also: []string{"kit-answers-are-signed"}},
		{ID: "body-sign-unquoted", Fault: "F20", Says: "leaves the quotation marks out of Body-Sign", Families: doors, Rule: "answers-are-signed", Also: []string{"kit-answers-are-signed"}},
		{ID: "body-sign-of-another-text", Fault: "F20", Says: "signs the answer with a line break that is not sent", Families: doors, Rule: "answers-are-signed", Also: []string{"kit-answers-are-signed"}},
		{ID: "cipher-misnamed", Fault: "aes-type-of-answers", Says: "encrypts with 256 bits and says 128", Families: base, Rule: "access-can-be-decrypted"},
		{ID: "shows-another", Fault: "query-id-list", Says: "shows somebody else's instance beside the one that was asked for", Families: base, Rule: "query-shows-what-was-asked"},
		{ID: "no-licence", Fault: "get-license-answer", Says: "leaves the licence out of its answer", Families: []judge.Family{licence}, Rule: "license-is-there"},
		{ID: "release-refused-again", Fault: "release-repeat", Says: "refuses a release that comes again", Families: v1, Deep: true, Rule: "release-again"},
		{ID: "pay-per-use-by-order", Fault: "v1-pay-per-use-key", Says: "opens one instance for all products of a pay-per-use order", Families: alone, Rule: "pay-per-use-instances"},
		{ID: "acceptance-is-refused", Fault: "v1-acceptance", Says: "refuses the second newInstance, which tells of the acceptance", Families: alone, Deep: true, Rule: "acceptance-is-a-repeat"},
		{ID: "new-licence-each-time", Fault: "get-license-key", Says: "issues a new licence each time", Families: []judge.Family{licence}, Rule: "same-licence-again"},
		{ID: "first-answer-replayed", Fault: "access-changes", Says: "shows the access information of the first answer for ever", Families: alone, Deep: true, Rule: "access-is-the-present-one"},
		{ID: "renewal-leaves-frozen", Fault: "v1-thaw", Says: "leaves frozen what expired when it is renewed", Families: v1, Deep: true, Hooks: state, Rule: "renewal-thaws-what-expired"},
		{ID: "expiry-not-repeatable", Fault: "v1-expire-key", Says: "fails when an expiry comes again", Families: v1, Deep: true, Rule: "expiry-again"},
		{ID: "normal-is-unknown", Fault: "v1-status-words", Says: "knows no NORMAL", Families: alone, Rule: "freeze-pay-per-use"},
		{ID: "customer-stays-archived", Fault: "F44", Says: "links a new order to what was archived of the same customer, and says success", Families: v1, Deep: true, Hooks: state, Rule: "bought-again-after-release"},
	}
}

// everyToken are the rules about single properties of the token, which depend on each other.
var everyToken = []string{"auth-token-any-order", "unknown-parameters-signed", "auth-token-values", "auth-token-empty-values", "unescaped-plus"}

// mistakes tells whether the vendor computes another authToken than the documents' for a query.
func (v *Vendor) mistakes(rawQuery string) bool {
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		return false
	}
	var names []string
	for part := range strings.SplitSeq(rawQuery, "&") {
		name, _, _ := strings.Cut(part, "=")
		names = append(names, name)
	}
	names = slices.DeleteFunc(names, func(name string) bool { return name == sign.ParamAuthToken })
	holds := func(what string) bool {
		for _, name := range names {
			if strings.Contains(query.Get(name), what) {
				return true
			}
		}
		return false
	}
	switch {
	case v.has("query-order-counts"):
		return !slices.IsSorted(names)
	case v.has("known-parameters-signed"):
		return slices.ContainsFunc(names, func(name string) bool { return !knownV1[name] })
	case v.has("values-signed-encoded"):
		return holds("/") || holds("=")
	case v.has("plus-becomes-blank"):
		return holds("+") && query.Get("mobilePhone") == ""
	case v.has("blanks-dropped"):
		return slices.ContainsFunc(names, func(name string) bool { return query.Get(name) == "" })
	default:
		return false
	}
}

// unsigned lets parameters in that no token covers, as a vendor does who reads the query twice.
func unsigned(rawQuery string, params map[string]string) {
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		return
	}
	for name, values := range query {
		if name != sign.ParamAuthToken {
			params[name] = values[len(values)-1]
		}
	}
}

// archive links a new instance to what the same customer gave up.
func (v *Vendor) archive(c call, r *row) {
	r.customer, _ = c.members["customerId"].(string)
	if !v.has("customer-stays-archived") {
		return
	}
	for _, old := range v.disk.rows {
		if old.State == released && old.customer == r.customer {
			r.State = released
		}
	}
}

// knownV1 are the parameters that a vendor has read of.
var knownV1 = map[string]bool{
	"activity": true, "orderId": true, "businessId": true, "instanceId": true, "customerId": true, "customerName": true, "userId": true,
	"userName": true, "mobilePhone": true, "email": true, "skuCode": true, "productId": true, "testFlag": true, "trialFlag": true,
	"expireTime": true, "chargingMode": true, "saasExtendParams": true, "amount": true, "diskSize": true, "bandWidth": true,
	"periodType": true, "periodNumber": true, "orderAmount": true, "provisionType": true, "acceptanceTime": true, "timeStamp": true,
	"trialToFormal": true, "instanceStatus": true,
}
