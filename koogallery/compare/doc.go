// SPDX-License-Identifier: Apache-2.0

// Package compare holds the rules by which two answers of sellers to the same call are compared: not whether they are the same bytes, but
// whether the marketplace would think the same of them. A replay of a recording compares what a seller once answered with what another one
// answers now (recorder/replay), and Koogate what an old server answers with what it would answer itself (docs/moving-over.md).
//
// It is pure, like package judge, whose verdicts it compares. Its only memory is [Pairs]: which instance of the one stands for which of the
// other.
//
// Start with [Answers].
package compare
