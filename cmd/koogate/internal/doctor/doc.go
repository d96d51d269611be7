// SPDX-License-Identifier: Apache-2.0

// Package doctor looks at an installation and says what is wrong with it and what to do: koogate doctor. It changes nothing and shows no secret.
//
//	command.go   the command line
//	finding.go   what is found
//	examine.go   the looks, side by side, each with a time of its own
//	files.go     the keyset, the signing key, certificates
//	database.go  the database and its disk, Redis
//	market.go    the marketplace: AK/SK, its clock, its certificate
//	address.go   the production addresses as the marketplace reaches them
//	port.go      this service's own listeners, and where traces go
//
// A look is a function that returns findings. None waits for another one.
package doctor
