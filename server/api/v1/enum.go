// SPDX-License-Identifier: Apache-2.0

package v1

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/server/explain"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/store"
)

// The store's states and kinds are the contract's enum values without their prefix; a test holds both to that.
const (
	prefixTaskKind      = "TASK_KIND_"
	prefixTaskState     = "TASK_STATE_"
	prefixInstanceState = "INSTANCE_STATE_"
	prefixQueryState    = "QUERY_STATE_"
	prefixUserState     = "USER_STATE_"
	prefixUsageState    = "USAGE_RECORD_STATE_"
	prefixUsageOutcome  = "USAGE_OUTCOME_"
	prefixReservation   = "RESERVATION_STATE_"
	prefixLicenceStatus = "LICENCE_STATUS_"
	prefixStanding      = "STANDING_"
	prefixOwner         = "OWNER_"
	prefixCallDirection = "CALL_DIRECTION_"
	prefixCallVerdict   = "CALL_VERDICT_"
	prefixCallCause     = "CALL_CAUSE_"
	prefixSide          = "SIDE_"
	prefixComparison    = "CALL_COMPARISON_"
	prefixKeyPurpose    = "KEY_PURPOSE_"
	prefixKeyState      = "KEY_STATE_"
	prefixKeyVerdict    = "KEY_VERDICT_"
	prefixManagedBy     = "MANAGED_BY_"
	prefixCallerKind    = "CALLER_KIND_"
	prefixWebhookState  = "WEBHOOK_STATE_"
	prefixWebhookReason = "WEBHOOK_REASON_"
	prefixDeliveryState = "DELIVERY_STATE_"
	prefixDeliveryFault = "DELIVERY_FAULT_"
	prefixSanctionState = "SANCTION_STATE_"
	prefixImportState   = "IMPORT_STATE_"
	prefixImportVerdict = "IMPORT_VERDICT_"

	prefixLoginApplicationState = "LOGIN_APPLICATION_STATE_"
	prefixLoginProtocol         = "LOGIN_PROTOCOL_"
	prefixLoginFrozen           = "LOGIN_FROZEN_"
	prefixLoginRoles            = "LOGIN_ROLES_"
	prefixLoginConfirm          = "LOGIN_CONFIRM_"
	prefixLoginPersonal         = "LOGIN_PERSONAL_"
	prefixLoginEntrance         = "LOGIN_ENTRANCE_"
	prefixLoginSessionState     = "LOGIN_SESSION_STATE_"
	prefixLoginEnd              = "LOGIN_END_"
	prefixLogoutState           = "LOGOUT_STATE_"
	prefixLoginStep             = "LOGIN_STEP_"
	prefixLoginEventKind        = "LOGIN_EVENT_KIND_"
)

// taskKind is INTERNAL for a kind that the contract has no name for: kinds are registered, and most are of no concern to workers.
func taskKind(k store.TaskKind) koogatev1.TaskKind {
	if n, ok := koogatev1.TaskKind_value[prefixTaskKind+string(k)]; ok {
		return koogatev1.TaskKind(n)
	}
	return koogatev1.TaskKind_TASK_KIND_INTERNAL
}

// namedKinds are the kinds that the contract has names for, as the store writes them, for filters.
func namedKinds() []string {
	internal := strings.TrimPrefix(koogatev1.TaskKind_TASK_KIND_INTERNAL.String(), prefixTaskKind)
	return slices.DeleteFunc(stored(koogatev1.TaskKind(0), prefixTaskKind), func(kind string) bool { return kind == internal })
}

func taskState(s store.TaskState) koogatev1.TaskState {
	return koogatev1.TaskState(koogatev1.TaskState_value[prefixTaskState+string(s)])
}

func standing(s explain.Standing) koogatev1.Standing {
	return koogatev1.Standing(koogatev1.Standing_value[prefixStanding+string(s)])
}

// owner is unspecified for nobody.
func owner(o explain.Owner) koogatev1.Owner {
	return koogatev1.Owner(koogatev1.Owner_value[prefixOwner+string(o)])
}

func instanceState(s store.InstanceState) koogatev1.InstanceState {
	return koogatev1.InstanceState(koogatev1.InstanceState_value[prefixInstanceState+string(s)])
}

func queryState(s store.QueryState) koogatev1.QueryState {
	return koogatev1.QueryState(koogatev1.QueryState_value[prefixQueryState+string(s)])
}

func userState(s store.UserState) koogatev1.UserState {
	return koogatev1.UserState(koogatev1.UserState_value[prefixUserState+string(s)])
}

func reservationState(s store.ReservationState) koogatev1.ReservationState {
	return koogatev1.ReservationState(koogatev1.ReservationState_value[prefixReservation+string(s)])
}

// licenceStatus is UNSPECIFIED for a word that is newer than this.
func licenceStatus(s string) koogatev1.LicenceStatus {
	return koogatev1.LicenceStatus(koogatev1.LicenceStatus_value[prefixLicenceStatus+s])
}

func importVerdict(v fulfil.ImportVerdict) koogatev1.ImportVerdict {
	return koogatev1.ImportVerdict(koogatev1.ImportVerdict_value[prefixImportVerdict+string(v)])
}

// stored lists an enum's values as the store writes them, for filters.
func stored(e protoreflect.Enum, prefix string) []string {
	values := e.Descriptor().Values()
	var names []string
	for i := range values.Len() {
		if v := values.Get(i); v.Number() != 0 {
			names = append(names, strings.TrimPrefix(string(v.Name()), prefix))
		}
	}
	slices.Sort(names)
	return names
}

// failureCode is what the marketplace is told about a failed creation (saas-v2 §7) or licence (saas-v1 §6).
func failureCode(c koogatev1.FailureCode) resultcode.Code {
	switch c {
	case koogatev1.FailureCode_FAILURE_CODE_UNKNOWN_INSTANCE:
		return resultcode.InstanceNotFound
	case koogatev1.FailureCode_FAILURE_CODE_NO_RESOURCE:
		return resultcode.NoResource
	case koogatev1.FailureCode_FAILURE_CODE_MOBILE:
		return resultcode.MobileInvalid
	case koogatev1.FailureCode_FAILURE_CODE_EMAIL:
		return resultcode.EmailInvalid
	case koogatev1.FailureCode_FAILURE_CODE_ALREADY_PURCHASED:
		return resultcode.AlreadyPurchased
	case koogatev1.FailureCode_FAILURE_CODE_ALREADY_SUBSCRIBED:
		return resultcode.AlreadySubscribed
	case koogatev1.FailureCode_FAILURE_CODE_SOLD_OUT:
		return resultcode.SoldOut
	case koogatev1.FailureCode_FAILURE_CODE_EMAIL_DOMAIN:
		return resultcode.EmailDomainExists
	case koogatev1.FailureCode_FAILURE_CODE_LICENCE_QUOTA:
		return resultcode.LicenseQuotaUsedUp
	default: // INTERNAL, and UNSPECIFIED which is read as INTERNAL
		return resultcode.ProductInternal
	}
}
