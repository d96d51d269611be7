// SPDX-License-Identifier: Apache-2.0

// Package sim is koogate sim: record writes down what a marketplace tells a seller, replay makes the calls again, centre
// plays the authentication centre of joint products.
package sim
