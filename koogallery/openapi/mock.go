// SPDX-License-Identifier: Apache-2.0

package openapi

// Order ids that the real service answers with invented data, for debugging
// (open-apis §2.2). The line id is the order id followed by "-000001". MONTY is
// the documents' spelling.
const (
	MockPeriodNew     = "MOCKPERIODYEARNEW"
	MockOneTimeNew    = "MOCKONETIMENEW"
	MockOnDemand      = "MOCKONDEMAND"
	MockOnDemandPkg   = "MOCKONDEMANDPKG"
	MockTrial         = "MOCKPERIODDAYTRIAL"
	MockTrialToFormal = "MOCKMONTYTRIALTOFORMAL"
	MockUnsubscribe   = "MOCKMONTYUNSUBSCRIBE"
	MockRenew         = "MOCKMONTYRENEW"
	MockChange        = "MOCKMONTYCHANGE"

	mockLineSuffix = "-000001"
)

// MockOrder is one of the orders for debugging.
type MockOrder struct {
	OrderID     string
	OrderLineID string

	// Scenario says in English what the order stands for.
	Scenario string

	// OrderType follows from the scenario.
	OrderType OrderType

	// ChargingMode follows from the scenario of the four new orders and of the
	// trial. For the others it is inference: only period goods are renewed,
	// changed or converted from a trial.
	ChargingMode ChargingMode

	// InEU is false for the two that the European page does not list.
	InEU bool
}

// MockOrders returns all nine in the documents' order. The slice is the caller's.
func MockOrders() []MockOrder {
	return []MockOrder{
		{MockPeriodNew, MockPeriodNew + mockLineSuffix, "new order, period", OrderNew, ChargePeriod, true},
		{MockOneTimeNew, MockOneTimeNew + mockLineSuffix, "new order, one-time", OrderNew, ChargeOneTime, true},
		{MockOnDemand, MockOnDemand + mockLineSuffix, "new order, pay-per-use", OrderNew, ChargeOnDemand, false},
		{MockOnDemandPkg, MockOnDemandPkg + mockLineSuffix, "new order, pay-per-use package", OrderNew, ChargeOnDemandPackage, false},
		{MockTrial, MockTrial + mockLineSuffix, "trial", OrderTrial, ChargePeriod, true},
		{MockTrialToFormal, MockTrialToFormal + mockLineSuffix, "trial converted to paid", OrderTrialToFormal, ChargePeriod, true},
		{MockUnsubscribe, MockUnsubscribe + mockLineSuffix, "unsubscribe", OrderUnsubscribe, ChargePeriod, true},
		{MockRenew, MockRenew + mockLineSuffix, "renewal", OrderRenew, ChargePeriod, true},
		{MockChange, MockChange + mockLineSuffix, "change or upgrade", OrderChange, ChargePeriod, true},
	}
}
