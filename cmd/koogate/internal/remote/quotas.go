// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"time"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
)

// Quotas is koogate quotas.
type Quotas struct {
	List    List[koogatev1.ListQuotasRequest, one]             `cmd:"" help:"Show the packages of an instance, in the order in which they are drawn from."`
	Package List[koogatev1.ListPackageQuotasRequest, one]      `cmd:"" help:"Show the fee items of a package."`
	Put     Act[koogatev1.PutQuotaRequest, content]            `cmd:"" help:"Say what a package holds of a fee item, or raise it."`
	Check   Act[koogatev1.CheckQuotaRequest, wanted]           `cmd:"" help:"Say whether an amount is left."`
	Reserve Act[koogatev1.ReserveQuotaRequest, reservation]    `cmd:"" help:"Take an amount, all of it or nothing."`
	Commit  Act[koogatev1.CommitReservationRequest, committed] `cmd:"" help:"Book what was used of a reservation, and free the rest."`
	Cancel  Act[koogatev1.CancelReservationRequest, one]       `cmd:"" help:"Free a reservation."`
}

// Help is shown by koogate quotas --help.
func (Quotas) Help() string {
	return `Packages whose use ends when they are used up. Your product reserves and commits while it is used; by hand that is for tests.

Examples:
  koogate quotas list 0193a1c2-…
  koogate quotas put 0193a1c2-… 0193a1c2-… --quota 1000 --reason 'a gift, ticket 4711'`
}

type content struct {
	Instance   string `arg:"" api:"1" help:"The pay-per-use instance of the fee item."`
	Package    string `arg:"" api:"2" help:"The package's own instance."`
	Quota      string `api:"quota" required:"" help:"What was bought, or a cycle of it; it cannot be lowered." placeholder:"DECIMAL"`
	Priority   int    `api:"priority" help:"Lower is drawn from first, 0 to 1000." placeholder:"N"`
	ExpireTime string `api:"expire_time" help:"When the package ends; without it, with its instance." placeholder:"TIME"`
	KeepGoing  bool   `api:"keep_going" help:"The instance goes on when its packages are used up."`
	Reset      string `api:"reset" help:"When the content is granted anew: none, month or year." placeholder:"CYCLE"`
	BeginTime  string `api:"begin_time" help:"From when the cycles count; without it, from when the package was created." placeholder:"TIME"`

	UsedElsewhere string `api:"used_elsewhere" help:"What was used of the cycle in hand before the package came here; counts when the quota is created." placeholder:"DECIMAL"`
	why
}

type wanted struct {
	Instance string `arg:"" api:"1" help:"The pay-per-use instance."`
	Amount   string `arg:"" api:"2" help:"How much is wanted, a decimal."`
}

type reservation struct {
	Instance    string        `arg:"" api:"1" help:"The pay-per-use instance."`
	Reservation string        `arg:"" api:"2" help:"An ID of your own, which makes it happen once."`
	Amount      string        `arg:"" api:"3" help:"How much is wanted, a decimal."`
	Hold        time.Duration `api:"hold" help:"How long it is held, 1s to 24h; 5m without it." placeholder:"DURATION"`
}

type committed struct {
	one
	Used    string `api:"used" help:"How much was used; all of it without it." placeholder:"DECIMAL"`
	EndTime string `api:"end_time" help:"When the use ended; now without it." placeholder:"TIME"`
}

// Licences is koogate licences.
type Licences struct {
	Activate Act[koogatev1.ActivateLicenceRequest, activation] `cmd:"" help:"Activate a licence code, once."`
	Query    Act[koogatev1.QueryLicenceRequest, licenceCheck]  `cmd:"" help:"Show status and expiry of a licence code."`
	Use      Act[koogatev1.ReportLicenceUseRequest, clientUse] `cmd:"" help:"Count a client of a licence code for today."`
}

// Help is shown by koogate licences --help.
func (Licences) Help() string {
	return `A licence code is what a customer has paid for, so it comes from a file or, with -, from the standard input.

Example:
  koogate licences query --code-file code.txt --fresh`
}

type code struct {
	CodeFile secretFile `api:"licence_code" required:"" help:"The file of the licence code; - is the standard input." placeholder:"FILE" predictor:"file"`
}

type activation struct {
	code
	EffectTime string `api:"effect_time" help:"When the service began; without it the marketplace decides." placeholder:"TIME"`
}

type licenceCheck struct {
	code
	Fresh bool `api:"fresh" help:"Ask the marketplace in any case."`
}

type clientUse struct {
	code
	Client string `api:"client_id" required:"" help:"The end user or device; kept as a hash." placeholder:"ID"`
}
