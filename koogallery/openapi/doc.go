// Package openapi is a client of two of the marketplace's open APIs: "query
// order" (查询订单), GET /api/mkp-openapi-public/global/v1/order/query (open-apis
// §2), and the upload of licences (字符串/文件流上传), POST
// /api/mkp-openapi-public/global/v1/market-event/{event_id}/file (saas-v1 §6.1).
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
// Requests are signed with AK/SK (package sign). Certificates are verified,
// redirects are not followed, answers are bounded. One call is one attempt: a
// second host, if configured, is tried only when no connection to the first one
// could be made. Repeating, spacing and giving up belong to the caller's job;
// [Retryable] says whether repeating makes sense.
//
// The documents disagree on several field shapes; [DecodeOrder] accepts all of
// them and says what it could not read. Buyer data is personal: [OrderInfo],
// [BuyerInfo] and [ExtendParam] do not print it.
//
// What it is not: the usage push, the licence code interfaces, or a cache. The mock
// orders that the real service answers for debugging are in [MockOrders].
//
// Start with [New].
package openapi
