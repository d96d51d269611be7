// SPDX-License-Identifier: Apache-2.0

//go:build race

package main

// raceDetector says that every memory access is watched, which takes several times as long.
const raceDetector = true
