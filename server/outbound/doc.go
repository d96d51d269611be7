// SPDX-License-Identifier: Apache-2.0

// Package outbound calls addresses that somebody else has chosen, such as those of webhooks, and keeps these calls out of the networks that
// only this machine can reach. A [Guard] judges the very address that is connected to, after the name was resolved and for each connection
// anew, so neither a name that changes nor a way of writing an address leads around it. Redirects are not followed, and the proxies of
// the environment are not used. Start at [Guard].
package outbound
