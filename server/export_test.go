// SPDX-License-Identifier: Apache-2.0

package server

// What the configuration becomes for each domain.
var (
	CoreRules       = coreRules
	HandlerSettings = handlerSettings
	Meters          = meters
	Contents        = contents
)
