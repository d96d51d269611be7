// Package simulator plays the part of Huawei Cloud KooGallery (the marketplace)
// towards a seller's SaaS V2.0 production interface. It needs nothing of
// Koogate but this tree, and drives any seller's endpoint.
//
// It places orders of every charging mode, makes the signed calls that the
// marketplace would make, repeats failed ones within the documented windows,
// judges each answer as the marketplace's debugger does, keeps the records that
// the seller centre shows, and answers the open API "query order" for the
// orders that it placed.
//
// What it is not: it is not a load generator, it persists nothing, and it does
// not speak the neighbouring protocols (V1.0, License, Kit, usage push).
//
// Start with [New], then [Simulator.Life] for one whole rehearsal,
// [Simulator.Place] and [Simulator.Open] for single steps, and
// [Simulator.Handler] for the open API and the seller-centre pages.
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
//   - Query order for a well-formed id that the simulator did not place invents
//     a one-year period order, always the same for the same id, so that a curl
//     by hand works. [Config.Strict] turns that off.
//
// The section numbers in the comments refer to Koogate's wire reference:
// "saas-v2" is the SaaS V2.0 production interface, "open-apis" the open APIs
// and the seller centre.
package simulator
