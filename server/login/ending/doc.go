// SPDX-License-Identifier: Apache-2.0

// Package ending writes down that the right of a session is gone, and tells the application of it. No use of a session waits for that: each
// asks server/login/gate anew, so whoever was disabled is out in every replica at once.
//
//	ending.go  the loop, and what it works with
//	judge.go   judges sessions that the store has marked, and those whose time may be over, and ends them
//	logout.go  tells applications by OpenID Connect Back-Channel Logout 1.0
//	answer.go  what becomes of a logout by the answer of the application
//
// That an application is to be told is written in the transaction that ends its session, so a process that dies in between loses nothing.
// Every process runs the loop. Sessions and logouts are handed out row by row until a time, so several share the work, and what one had in
// hand that died is taken up when that time has come: an application is told at least once, by tokens of one jti. Start at [Service.Run].
package ending
