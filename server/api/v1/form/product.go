// SPDX-License-Identifier: Apache-2.0

package form

import (
	"google.golang.org/protobuf/types/known/durationpb"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/seller"
)

// ProductSettings shows who fulfils a product, its meter and its package.
func ProductSettings(p seller.Product) *koogatev1.ProductSettings {
	m := &koogatev1.ProductSettings{Provisioner: p.Provisioner, SyncBudget: duration(p.SyncBudget), Fingerprint: p.Fingerprint, Route: p.Route}
	if x := p.Meter; x != (seller.Meter{}) {
		m.Meter = &koogatev1.ProductMeter{Name: x.Name, Aggregate: x.Aggregate, Window: duration(x.Window), Bill: x.Bill}
		if x.Settle != nil {
			m.Meter.Settle = durationpb.New(*x.Settle)
		}
	}
	if x := p.Package; len(x.Items) > 0 || x.Reset != "" || x.KeepGoing || x.Priority != 0 {
		m.Package = &koogatev1.ProductPackage{Reset_: x.Reset, KeepGoing: x.KeepGoing, Priority: int32(x.Priority)}
		for _, item := range x.Items {
			m.Package.Items = append(m.Package.Items, &koogatev1.ProductPackageItem{Product: item.Product, Quota: item.Quota})
		}
	}
	return m
}

// Product reads a product's settings, which stand at a path of the request. Errors: INVALID_FIELD.
func Product(path string, m *koogatev1.ProductSettings) (seller.Product, error) {
	r := reading{at: path}
	p := seller.Product{Provisioner: m.GetProvisioner(), SyncBudget: r.duration("sync_budget", m.GetSyncBudget()), Fingerprint: m.GetFingerprint(), Route: m.GetRoute()}
	if x := m.GetMeter(); x != nil {
		p.Meter = seller.Meter{Name: x.GetName(), Aggregate: x.GetAggregate(), Window: r.duration("meter.window", x.GetWindow()), Bill: x.GetBill()}
		if x.GetSettle() != nil {
			settle := r.duration("meter.settle", x.GetSettle())
			p.Meter.Settle = &settle
		}
	}
	if x := m.GetPackage(); x != nil {
		p.Package = seller.Package{Reset: x.GetReset_(), KeepGoing: x.GetKeepGoing(), Priority: int(x.GetPriority())}
		for _, item := range x.GetItems() {
			p.Package.Items = append(p.Package.Items, seller.PackageItem{Product: item.GetProduct(), Quota: item.GetQuota()})
		}
	}
	return p, r.err()
}
