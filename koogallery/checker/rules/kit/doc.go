// SPDX-License-Identifier: Apache-2.0

// Package kit holds the rules about the Kit's synchronisation of enterprises, their users and departments, in both generations. What it
// leaves behind is seen by nobody outside, so they go by the answers.
package kit
