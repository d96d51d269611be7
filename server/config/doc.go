// SPDX-License-Identifier: Apache-2.0

// Package config is the configuration of a process: [Load] reads the file, the environment and flags into a [Config], and its
// Validate methods find what is wrong, each fault with its place and its remedy in both languages ([Problem]). The checks of a
// section stand beside the section.
//
// It is not what the domains know of the configuration: they have types of their own, and server makes those from a Config. So
// nothing but cmd and server itself imports this package.
//
// Start at config.go; load.go and decode.go read, finding.go collects faults, problem.go has the messages.
package config
