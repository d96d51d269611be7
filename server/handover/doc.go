// SPDX-License-Identifier: Apache-2.0

// Package handover sends the tasks of webhook provisioners to them: each leased task is one signed POST, and the answer ends the task, gives it back,
// or leaves it in the vendor's hands until somebody completes it through the API. It knows neither the form of a task nor that of a result, which
// are [Tasks]'s, and no order: what becomes of a task is the core's to write. Begin with [Service.Run] and [Service.attempt].
package handover
