// SPDX-License-Identifier: Apache-2.0

// Package rehearsal takes sellers through what the marketplace's documents describe: the whole life of an order of every
// kind and family ([Stage.Life], [Stage.LifeOf]), joint purchases ([Stage.Joint]) and dial tests ([Stage.DialTest]), and
// reports each step. It remembers nothing but the saved cases: everything else is the market's, through its methods.
package rehearsal
