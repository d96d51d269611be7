// SPDX-License-Identifier: Apache-2.0

package journal

// Knows says whether an activity has a step.
func Knows(activity string) bool {
	_, ok := steps[activity]
	return ok
}
