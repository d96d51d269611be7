// SPDX-License-Identifier: Apache-2.0

// Package simulator plays the part of Huawei Cloud KooGallery (the marketplace)
// towards a seller's production interface, in every protocol family: SaaS V2.0
// and V1.0, the three generations of License, order notification and the
// joint-operation Kit ([judge.Family]). It needs nothing of Koogate but this tree, and
// drives any seller's endpoint.
//
// It places orders of every charging mode, makes the signed calls that the
// marketplace would make, repeats failed ones within the documented windows,
// judges each answer as the marketplace's debugger does, keeps the records that
// the seller centre shows, and answers the open APIs ([market.API]): "query order" for
// the orders that it placed, the upload of licences that it asked for, both usage
// pushes with their bills, authorisation codes, and hosted assets.
//
// What it is not: it is not a load generator, it persists nothing, and it knows no
// prices of usage. The authentication centre of a joint product's login is played by
// package authcentre.
//
// Start with [New], then [rehearsal.Stage.LifeOf] or [rehearsal.Stage.Life] for one whole
// rehearsal, [rehearsal.Stage.Joint] for a joint purchase, [market.Market.PlaceIn] and
// [market.Market.Open] for single steps, and [Simulator.Handler] for the open APIs
// and the seller-centre pages. For usage see [market.Market.Adopt],
// [market.Market.Billed] and [market.Market.AuditBills], for codes
// [market.Market.IssueLicense], for what can go wrong [fault.Plan], [fault.Chaos] and [fault.Outage].
//
// Time and ids are injected ([Config]): with a virtual clock a three-hour retry
// window passes in a microsecond, and so does the deadline of a call that nobody
// answers. Memory is bounded by
// [Config.MaxOrders], [Config.MaxCalls] and [Config.MaxUsage]. All methods are safe for concurrent
// use.
//
// Its rooms, lowest first; each imports only those before it:
//
//   - billing, fault: amounts, bills and what goes wrong, as plain data;
//   - catalogue: what there is to buy, who buys it, the shapes of ids;
//   - wire: how calls are written down, signed and made;
//   - market: orders, calls, licences and usage, the one owner of what is remembered;
//   - rehearsal: whole lives, joint purchases, dial tests;
//   - openapi, pages: what the seller calls, and what a person looks at.
//
// The rules over an answer are in package judge, because a checker uses them too.
//
// The section numbers in the comments refer to Koogate's wire reference:
// "saas-v2" is the SaaS V2.0 production interface, "saas-v1" its predecessor with
// License and order notification, "kit" the joint-operation Kit, "open-apis" the
// open APIs and the seller centre.
package simulator
