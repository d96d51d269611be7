// SPDX-License-Identifier: Apache-2.0

package vendortest

import (
	"slices"

	"github.com/koogate/koogate/koogallery/judge"
)

// polls are the families whose instances are asked for until they are there.
func polls() []judge.Family {
	return []judge.Family{judge.FamilySaasV2, judge.FamilyOrderNotify, judge.FamilyKitV2}
}

// shows are the families that show an instance when they are asked for it.
func shows() []judge.Family { return append(polls(), judge.FamilySaasV1, judge.FamilyKitV1) }

// gets are the families whose calls are GETs.
func gets() []judge.Family {
	return []judge.Family{judge.FamilySaasV1, judge.FamilyLicenseV1, judge.FamilyKitV1}
}

// posts are the families whose calls have their signature in the URL.
func posts() []judge.Family {
	return []judge.Family{
		judge.FamilySaasV2, judge.FamilyLicenseCode, judge.FamilyLicenseOnline, judge.FamilyOrderNotify, judge.FamilyKitV2,
	}
}

// openers are those of them whose purchases are opened by a call.
func openers() []judge.Family {
	return []judge.Family{judge.FamilySaasV2, judge.FamilyLicenseOnline, judge.FamilyOrderNotify, judge.FamilyKitV2}
}

// opening are all families whose purchases are opened by a call.
func opening() []judge.Family { return append(openers(), gets()...) }

// mutantsPost returns the mistakes that can be made with calls whose signature is in the URL.
func mutantsPost() []Mutant {
	return slices.Concat(mutantsOfForm(), mutantsOfDoor(), mutantsOfIdentity())
}
