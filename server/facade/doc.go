// SPDX-License-Identifier: Apache-2.0

// Package facade takes the calls of the marketplace: POST /produce/{endpoint}.
//
// Every call takes the same way, in this order (serve.go):
//
//  1. look at what comes with the signature; read the body, at most 64 KiB, within the budget of what is not verified yet
//     (body.go)
//  2. verify the signature over the bytes as received, with the endpoint's keys; then the timestamp (verify.go)
//  3. parse the outermost object, once (package wirejson)
//  4. ask the guard: was the call made before, is the order line's lock free (guard.go)
//  5. find the order to whose trace the call belongs (order.go, span.go)
//  6. through the generated gateway and the in-process channel to the rpc that the family has for the activity (route.go, package family)
//  7. encode, sign if the endpoint says so, send (answer.go)
//
// A POST to a known path is always answered with HTTP 200 and JSON that holds a resultCode and a resultMsg, whatever came
// in and whatever happened: an answer is sent before the marketplace gives up after 5 s, and a panic is an answer too. Only a
// call for which there is no budget, or whose body stalls, is answered with HTTP 503.
// An address whose endpoint is not configured answers like one whose key the caller does not have, in every byte and header.
//
// It holds no business rule. It says nothing about bodies, keys, signatures or nonces to logs, traces or metrics.
package facade
