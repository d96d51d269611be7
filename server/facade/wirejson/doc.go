// SPDX-License-Identifier: Apache-2.0

// Package wirejson reads and writes the JSON of the production interface: what the marketplace's documents and samples
// send is read leniently, what goes out is always in one form.
//
// Reading goes in two steps. [Object.Parse] checks the whole text and splits the outermost object into members, once; the
// facade looks at a few of them before it knows where the call goes. [Codec.Decode] then fills the request:
//
//   - a text field takes a text, a number or a truth value, each literally as it was written;
//   - null is the same as absence; of a repeated name the last value counts;
//   - names are the wire's camelCase names and nothing else; members that the contract does not know, also those that are
//     named like one of our helper fields, are kept as extra_json: compact, sorted by name;
//   - members that only describe are repaired, those that identify or decide are refused when they are not valid text or hold
//     a NUL (ADR 15); [Object.Repairs] tells what was repaired;
//   - productInfo may be an object, an array of objects, or a text that holds either.
//
// A field whose proto name ends in _json takes JSON of any kind, one that ends in _number is written as a number.
//
// Writing follows the order of the proto's fields, leaves out what is empty, and uses nothing but ASCII: the wire demands
// that Chinese text goes out as \u escapes (saas-v2 §5.2, memo).
//
// [Codec] implements runtime.Marshaler, which is how the generated gateway comes here. It knows the messages of the
// services that it was made for and no others.
package wirejson
