// SPDX-License-Identifier: Apache-2.0

// Package logins is the suite of logins: applications, requests, grants, sessions, the judgement of their right, logouts and signing keys.
package logins

import "github.com/koogate/koogate/store/storetest/check"

// Groups are the properties.
var Groups = []check.Group{
	{Name: "LoginRows", Cases: rowCases},
	{Name: "LoginSessions", Cases: sessionCases},
	{Name: "LoginMarks", Cases: markCases},
}
