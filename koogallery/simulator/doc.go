// Package simulator plays the part of Huawei Cloud KooGallery (the marketplace)
// towards a seller's production interface, in every protocol family: SaaS V2.0
// and V1.0, the three generations of License, order notification and the
// joint-operation Kit ([Family]). It needs nothing of Koogate but this tree, and
// drives any seller's endpoint.
//
// It places orders of every charging mode, makes the signed calls that the
// marketplace would make, repeats failed ones within the documented windows,
// judges each answer as the marketplace's debugger does, keeps the records that
// the seller centre shows, and answers two open APIs: "query order" for the
// orders that it placed, and the upload of licences that it asked for.
//
// What it is not: it is not a load generator, it persists nothing, and it does
// not answer the open APIs that a seller calls on its own account (usage push,
// activation of authorisation codes) nor play the authentication centre of a
// joint product's login.
//
// Start with [New], then [Simulator.LifeOf] or [Simulator.Life] for one whole
// rehearsal, [Simulator.Joint] for a joint purchase, [Simulator.PlaceIn] and
// [Simulator.Open] for single steps, and [Simulator.Handler] for the open APIs
// and the seller-centre pages.
//
// Time and ids are injected ([Config]): with a fake clock a three-hour retry
// window passes in a microsecond. The one exception is the deadline of an HTTP
// exchange, which is a context deadline. Memory is bounded by
// [Config.MaxOrders] and [Config.MaxCalls]. All methods are safe for concurrent
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
//     linearValue and productName.
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
// The section numbers in the comments refer to Koogate's wire reference:
// "saas-v2" is the SaaS V2.0 production interface, "saas-v1" its predecessor with
// License and order notification, "kit" the joint-operation Kit, "open-apis" the
// open APIs and the seller centre.
package simulator
