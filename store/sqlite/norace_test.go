//go:build !race

package sqlite_test

// raceDetector says that every memory access is watched, which takes several times as long.
const raceDetector = false
