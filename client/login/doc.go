// SPDX-License-Identifier: Apache-2.0

// Package login lets the users of a joint product into a vendor's Go program. Koogate is an ordinary OpenID provider; this is an ordinary
// OpenID client with what a program needs around it:
//
//	l, err := login.New(ctx, login.Config{Issuer: "https://login.example.com", AppID: appID, Secret: secret, CallbackURL: "https://app.example.com/login/callback"})
//	mux.Handle("/login/", l)                    // callback, initiate, logout, back-channel
//	mux.Handle("/", l.Require(pages))           // everything else is for those who are logged in
//	person, _ := login.From(request.Context())  // who it is
//
// Register with the application: the callback as redirect URI, …/initiate as initiate URI, and …/back-channel as back-channel URI. With the
// last, somebody who may not use the product any more is out at once; without it within [Config.Recheck].
//
// Sessions are in memory unless [Config.Sessions] keeps them elsewhere: people whose session is lost are logged in again by Koogate without
// a page.
package login
