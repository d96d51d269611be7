// SPDX-License-Identifier: Apache-2.0

// Package resultcode holds the result codes that a seller's server answers to
// production-interface calls, with their meaning in English and Chinese, and
// builds the resultMsg that goes with a code (saas-v2 §5, §7).
//
// The answer to every call, good or bad, is HTTP 200 with a resultCode and,
// because the marketplace's debugger insists on it, a non-empty resultMsg.
//
// # Which activity may return which code
//
//   - Every activity: [Success], [AuthFailed], [InvalidParam], [Internal].
//     An activity that is not known is [InvalidParam].
//   - newInstance: also [Processing], which there means "provisioned
//     asynchronously" and counts as success, and the creation codes
//     [NoResource] to [EmailDomainExists].
//   - refreshInstance, updateInstanceStatus, releaseInstance: also
//     [InstanceNotFound]. The documents name these three; using it for
//     queryInstance, upgradeInstance and changeInstanceCheck is inference.
//   - getLicenseAsync (online licence guide): also [Processing] and the licence
//     codes [LicenseQuotaUsedUp] to [LicenseNeedsFingerprint].
//
// Which code refuses a changeInstanceCheck is not documented: any code but
// Success does, with the reason in resultMsg. Beyond these remarks the documents
// say nothing about codes per activity.
//
// The international guide lists [Success] to [NoResource] only.
//
// What it is not: the codes of the open APIs that a seller calls (package
// openapi), or the mapping from a program's own errors to these codes.
//
// Start with [Message].
package resultcode
