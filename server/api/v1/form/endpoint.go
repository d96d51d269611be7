// SPDX-License-Identifier: Apache-2.0

package form

import (
	"fmt"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/seller"
	"github.com/koogate/koogate/store"
)

// EndpointSettings shows how an endpoint serves calls.
func EndpointSettings(e seller.Endpoint) *koogatev1.EndpointSettings {
	return &koogatev1.EndpointSettings{
		Families: e.Families, BodySign: e.BodySign, Skew: duration(e.Skew), Isolate: e.Isolate, CheckBudget: duration(e.CheckBudget),
		CheckPolicy: e.CheckPolicy, CheckReduction: e.CheckReduction, CreateAppInfo: e.CreateAppInfo, ProductInfo: e.ProductInfo,
		Pending: e.Pending, Unknown: e.Unknown, Answers: e.Answers, Retry: e.Retry, AnswerText: e.AnswerText, InstanceId: e.InstanceID,
		Codes: e.Codes, CodeExpireZone: e.CodeExpireZone, CodeFreeze: e.CodeFreeze, BodySignRefusals: e.BodySignRefusals,
		EncryptType: e.EncryptType, ExpireZone: e.ExpireZone, HoldBudget: duration(e.HoldBudget), KitSecretCode: e.KitSecretCode,
		KitMissingDepartments: e.KitMissingDepartments, OldUrl: e.OldURL, Route: e.Route, UnknownInstances: e.UnknownInstances,
	}
}

// Endpoint reads how an endpoint serves calls; its name, keys and products are not among the settings. Errors: INVALID_FIELD.
func Endpoint(m *koogatev1.EndpointSettings) (seller.Endpoint, error) {
	r := reading{at: "settings"}
	e := seller.Endpoint{
		Families: m.GetFamilies(), BodySign: m.GetBodySign(), Skew: r.duration("skew", m.GetSkew()), Isolate: m.GetIsolate(),
		CheckBudget: r.duration("check_budget", m.GetCheckBudget()), CheckPolicy: m.GetCheckPolicy(), CheckReduction: m.GetCheckReduction(),
		CreateAppInfo: m.GetCreateAppInfo(), ProductInfo: m.GetProductInfo(), Pending: m.GetPending(), Unknown: m.GetUnknown(),
		Answers: m.GetAnswers(), Retry: m.GetRetry(), AnswerText: m.GetAnswerText(), InstanceID: m.GetInstanceId(), Codes: m.GetCodes(),
		CodeExpireZone: m.GetCodeExpireZone(), CodeFreeze: m.GetCodeFreeze(), BodySignRefusals: m.GetBodySignRefusals(),
		EncryptType: m.GetEncryptType(), ExpireZone: m.GetExpireZone(), HoldBudget: r.duration("hold_budget", m.GetHoldBudget()),
		KitSecretCode: m.GetKitSecretCode(), KitMissingDepartments: m.GetKitMissingDepartments(),
		OldURL: m.GetOldUrl(), Route: m.GetRoute(), UnknownInstances: m.GetUnknownInstances(),
	}
	return e, r.err()
}

// NewEndpoint reads an endpoint to be created with its first products and keys; use tells the store's name of a purpose. Errors: INVALID_FIELD.
func NewEndpoint(r *koogatev1.CreateEndpointRequest, use func(koogatev1.KeyPurpose) store.KeyUseKind) (n seller.NewEndpoint, err error) {
	if n.Endpoint, err = Endpoint(r.GetSettings()); err != nil {
		return n, err
	}
	for i, p := range r.GetProducts() {
		product, err := Product(fmt.Sprintf("products[%d].settings", i), p.GetSettings())
		if err != nil {
			return n, err
		}
		n.Products = append(n.Products, seller.NamedProduct{ID: p.GetProductId(), Product: product})
	}
	for _, key := range r.GetKeys() {
		n.Keys = append(n.Keys, seller.NewKey{Use: use(key.GetPurpose()), Secret: seller.Secret(key.GetSecret())})
	}
	return n, nil
}
