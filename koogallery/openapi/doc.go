// SPDX-License-Identifier: Apache-2.0

// Package openapi is a client of the marketplace's open APIs, those that a seller
// calls:
//
//   - query order (查询订单): [Client.QueryOrder] (open-apis §2);
//   - usage push (按需使用量推送), new and old: [Client.PushUsage],
//     [Client.PushUsageOld] (open-apis §3, §4);
//   - licence codes (授权码): [Client.ActivateLicense], [Client.QueryLicense], their
//     batches [Client.ActivateLicenses] and [Client.QueryLicenses], and
//     [Client.ReportLicenseUsage] (saas-v1 §5);
//   - the upload of licences (字符串/文件流上传): [Client.UploadLicence] (saas-v1 §6.1);
//   - the objects of an asset for automatic deployment:
//     [Client.AssetDeployedObject] (kit §D).
//
// A create call of the production interface carries only an order id. Buyer,
// product, charging mode and expiry come from here:
//
//	client, err := openapi.New(openapi.Config{
//		Site:        openapi.SiteCN,
//		Credentials: sign.Credentials{AccessKey: ak, SecretKey: sk},
//		Now:         clock,
//	})
//	order, err := client.QueryOrder(ctx, orderID, "")
//
// Requests are signed with AK/SK, a usage push with the seller's key as well
// (package sign). Certificates are verified, redirects are not followed, answers
// are bounded. One call is one attempt: a second host, if configured, is tried
// only when no connection to the first one could be made. Repeating, spacing and
// giving up belong to the caller's job; [Retryable] says whether repeating makes
// sense, [RetryAfter] how long to wait, and [Sent] whether the call may have taken
// effect though it returned an error.
//
// The documents disagree on several shapes and leave others out: [DecodeOrder]
// accepts all of them and says what it could not read, and the answers to lists
// have an [Outcome] for each element, which is OutcomeUnknown where the answer
// does not let anyone decide. Buyer data, licence codes and keys do not get into
// errors, and the types that hold them do not print them.
//
// What it is not: a queue, a cache, or a client of the interfaces for buyers. The
// mock orders that the real service answers for debugging are in [MockOrders].
//
// Start with [New].
package openapi
