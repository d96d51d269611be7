// SPDX-License-Identifier: Apache-2.0

// Package simulator plays the part of Huawei Cloud KooGallery (the marketplace)
// towards a seller's production interface, in every protocol family: SaaS V2.0
// and V1.0, the three generations of License, order notification and the
// joint-operation Kit ([Family]). It needs nothing of Koogate but this tree, and
// drives any seller's endpoint.
//
// It places orders of every charging mode, makes the signed calls that the
// marketplace would make, repeats failed ones within the documented windows,
// judges each answer as the marketplace's debugger does, keeps the records that
// the seller centre shows, and answers the open APIs ([API]): "query order" for
// the orders that it placed, the upload of licences that it asked for, both usage
// pushes with their bills, authorisation codes, and hosted assets.
//
// What it is not: it is not a load generator, it persists nothing, it knows no
// prices of usage, and it does not play the authentication centre of a joint
// product's login.
//
// Start with [New], then [Simulator.LifeOf] or [Simulator.Life] for one whole
// rehearsal, [Simulator.Joint] for a joint purchase, [Simulator.PlaceIn] and
// [Simulator.Open] for single steps, and [Simulator.Handler] for the open APIs
// and the seller-centre pages. For usage see [Simulator.Adopt],
// [Simulator.Billed] and [Simulator.AuditBills], for codes
// [Simulator.IssueLicense], for what can go wrong [Faults], [Chaos] and [Outage].
//
// Time and ids are injected ([Config]): with a virtual clock a three-hour retry
// window passes in a microsecond, and so does the deadline of a call that nobody
// answers. Memory is bounded by
// [Config.MaxOrders], [Config.MaxCalls] and [Config.MaxUsage]. All methods are safe for concurrent
// use.
//
// Where the public documents are silent or contradict each other the simulator
// has to choose. The choices:
//
//   - 000004 or an incomplete answer to queryInstance means "not yet"; polling
//     goes on. A synchronous newInstance (000000) completes the order at once, an
//     asynchronous one (000004) when queryInstance shows the instance.
//   - An order that could not be opened, or an upgrade that could not be made,
//     within its window is cancelled and, if it was prepaid, refunded. A restart
//     by hand is still possible, and if it succeeds the order is completed and
//     the refund taken back. Other calls merely wait for the restart.
//   - Cancelling a renewal carries the id of a refund order, as the newer page
//     says, and so does a release by unsubscription.
//   - productInfo of changeInstanceCheck is an object with productId, skuCode,
//     linearValue and productName; the last but one only if there is a quantity.
//   - V1 knows no asynchronous answer: 000004 is a failure. An answer without
//     Body-Sign, or with one that does not fit, has failed too, and so has a
//     newInstance without a front-end URL.
//   - What newInstance and getLicense of V1 hand over has to stay the same for an
//     order for ever, also after its release; the ciphertexts may differ.
//   - V1 calls carry no testFlag, expireTime in Beijing time, acceptanceTime in
//     UTC, and no periodType for days. No two have the same timeStamp.
//   - A getLicense that was not answered within its window leaves the order as it
//     is; it counts as a failed order.
//   - newInstance of an online licence is repeated while it answers 000004, as
//     there is nothing to poll. A licence that was uploaded stays; another one
//     for the same event is refused with 91381034.
//   - A repeated Kit call keeps its timeStamp, and in V1 so its authToken. The
//     body has the members in the order of the documents; the V2 signature is over
//     their sorted form. The clientSecret is encrypted with SHA-256 for OAEP and
//     its mask, in the rehearsal for a credential with Java's SHA-256 and SHA-1.
//   - Query order for a well-formed id that the simulator did not place invents
//     a one-year period order, always the same for the same id, so that a curl
//     by hand works. [Config.Strict] turns that off.
//
// About usage:
//
//   - The signature of a push may be over the body as it came or over its sorted
//     form; [Config.Strict] wants the latter. ts may be 15 minutes off, a nonce
//     comes once. Everything that is wrong with these headers is 94060002. AK/SK
//     is checked if it is there; [Config.UsageAKSK] demands it.
//   - A body that is not as documented, or has more than 1,000 records, fails with
//     94060004 and nothing is taken. Otherwise every record is judged by itself:
//     the good ones are taken, the bad ones listed with 94060999 and status 200.
//     [Config.OldUsageCodes] and the old interface have the older manner: the
//     errors of its table fail the call and nothing is taken; other bad records
//     are answered with success and show in 话单管理 only.
//   - A record has one code, the first that fits of 004, 005, 002, 003, 001, 009,
//     012, 006, 011 (order of the times, future), 007, 013, 011 (before the start,
//     after the end), the package's 001, 009, 013 and 011, then 010. Only what was
//     taken makes a later record a duplicate; a metering_sn that was taken is 005
//     whatever else the record holds.
//   - A relate_pkg_instance that is no package is 001, an instance_id that is one is
//     012.
//   - An instance of an order is in use from its newInstance to its release. A
//     record from before the release may come after it, one over it is 011, one
//     that begins after it 013. While an instance is frozen, usage that ends after
//     the freeze is 013. That of an order that was cancelled is 013.
//   - A value has at most eight digits before the point and four behind it.
//   - Hourly usage is collected at minute 15 with the hour in which it ended, daily
//     usage at 01:00 in Beijing with the day. What arrives at that moment or later
//     is late and belongs to the next collection.
//   - A package has a quota of its order's linear value, without resets. More may be
//     deducted; [Simulator.Oversold] tells. Packages that no record names are not
//     deducted from.
//
// About authorisation codes:
//
//   - A code has to be collected by the buyer ([Simulator.ReceiveLicense]) before
//     it can be activated, whenever it was bought.
//   - Renewals and releases change what the marketplace says of a code at once, also
//     if the seller does not answer the call about it. An expired or frozen code is
//     EXPIRED. Activation does not move the expiry. A code that is expired or
//     released cannot be activated (92020003).
//   - A batch is carried out as a whole; any code that stands against it is
//     92020020. A repeated code or a real_effect_time before the order is 92020002.
//   - Of the software usage the entries of good codes are counted; the others are
//     in data.check_fail_list with 92020020.
//
// The section numbers in the comments refer to Koogate's wire reference:
// "saas-v2" is the SaaS V2.0 production interface, "saas-v1" its predecessor with
// License and order notification, "kit" the joint-operation Kit, "open-apis" the
// open APIs and the seller centre.
package simulator
