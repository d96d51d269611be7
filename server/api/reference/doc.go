// SPDX-License-Identifier: Apache-2.0

// Package reference serves the OpenAPI document of the internal API as a page for people: Swagger UI, whose files come from the
// package github.com/swaggest/swgui, in a page of ours. A browser that shows it asks nobody but the listener: the page's policy
// forbids every other host, scripts that are not files, and frames. Start at [Handler].
package reference
