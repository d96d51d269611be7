// SPDX-License-Identifier: Apache-2.0

// Package market is the marketplace itself: the orders that were placed and what became of them, the calls that are made
// to the seller and repeated within their windows, authorisation codes, events and usage. [Market] is the one owner of
// everything that is remembered, under one lock.
//
// It knows neither HTTP nor the forms of the open APIs nor pages: a [wire.Caller] makes its calls, and whoever serves
// something asks its methods. Start with [New], then [Market.Place] and [Market.Open]. An [Errand] is a call that was
// prepared and waits for [Market.Deliver].
//
// Where the public documents are silent or contradict each other the market
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
//     by hand works. Strict of the open APIs turns that off.
package market
