// SPDX-License-Identifier: Apache-2.0

// Package webhooks is the suite of webhooks and their deliveries.
package webhooks

import "github.com/koogate/koogate/store/storetest/check"

// Groups are the properties.
var Groups = []check.Group{
	{Name: "Webhooks", Cases: webhookCases},
	{Name: "Deliveries", Cases: deliveryCases},
}
