// SPDX-License-Identifier: Apache-2.0

// Package remote is the command line over the internal API: koogate orders, instances, tasks and so on. A command is a request
// message of the contract and the flags that fill it in: [List], [Get], [Act], [Create] and [Update] find the rpc by the request, so that
// a noun is a struct with a field for each command. Commands that are more than one call have a type of their own. Package contexts
// says which service is asked, package show writes what it answers.
//
// Begin with call.go and orders.go. What keeps the commands complete is cmd/koogate TestEveryRPCHasACommand.
package remote
