// SPDX-License-Identifier: Apache-2.0

// Package openapi serves the open APIs of a market, which a seller calls: query order, the upload of licences, both usage
// pushes, authorisation codes and hosted assets. It checks signatures and forms, asks the market, prints answers and
// refusals, and lets faults happen. It keeps nothing itself; a [Server] has only its configuration.
//
// The forms are written here a second time, apart from the client of the same name, so that both cannot share a mistake.
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
//     deducted; [market.Market.Oversold] tells. Packages that no record names are not
//     deducted from.
//
// About authorisation codes:
//
//   - A code has to be collected by the buyer ([market.Market.ReceiveLicense]) before
//     it can be activated, whenever it was bought.
//   - Renewals and releases change what the marketplace says of a code at once, also
//     if the seller does not answer the call about it. An expired or frozen code is
//     EXPIRED. Activation does not move the expiry. A code that is expired or
//     released cannot be activated (92020003).
//   - A batch is carried out as a whole; any code that stands against it is
//     92020020. A repeated code or a real_effect_time before the order is 92020002.
//   - Of the software usage the entries of good codes are counted; the others are
//     in data.check_fail_list with 92020020.
package openapi
