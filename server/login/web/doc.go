// SPDX-License-Identifier: Apache-2.0

// Package web is the pages of the login: where people come in, where the authentication centre sends them back, and where they are led to the
// app. It is served on the listener login, beside the OpenID provider.
//
// A login begins at one of two entrances. The vendor's own page leads to the provider's authorize address, which leads to /login; the
// workbench, or the unified login page opened directly, leads to /callback at once. Both end in /callback, where the steps are always the
// same: which login is it and did this browser begin it, which tenant, who is it at the tenant's centre, may that person come in, a session,
// and on to the app.
//
// Start at [New], then read callback.go. What makes a login safe where the documents leave a hole is in began.go: the unified login page
// brings no state back (kit §B.3), so a login is bound to the browser that began it, and where none did the person is asked.
//
// Nothing here decides who may come in: that is server/login/gate. Pages are made on the server, in Chinese and English, and need no script.
package web
