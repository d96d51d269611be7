// SPDX-License-Identifier: Apache-2.0

// Package gate says who may log in to an application. The directory is the authority: tenantSync, applicationSync and authSync say who is
// authorised, and the state of the instance says whether what was bought may be used. What the authentication centre says of a person
// decides nothing but, where an application chooses so, the role. Nothing is remembered between two questions, and each is one read of the
// rows of one moment.
//
// Start at [Gate]. [Gate.Tenant] is asked before it is known who comes, and gives what a login at the tenant's centre needs. [Gate.Person]
// lets a person in, as a [Right], or says why not, as a [Refusal]. [Gate.Session] asks the same of a session that is there.
//
// A person is let in by one instance at least for which all of this holds: its tenant and the tenant's application are there, the user is
// there, authorised and enabled, and the instance is neither released nor failed; a frozen one counts as the application's settings say.
// An instance that Koogate does not know (it was bought before Koogate was there) counts as one in use. An instance that is being
// provisioned counts: the marketplace has bound it already. User names are compared byte by byte.
//
// When no instance lets a person in, the reason is that of the instance that was nearest to it. From the nearest: frozen, released, user
// disabled, user not authorised, application deleted, tenant deleted.
//
// The claims that an application is told go by scope ([Gate.Claims]): openid brings who it is, of which enterprise, with which role and
// through which instances; profile brings the name and the department; email and phone bring what the application's settings release.
package gate
