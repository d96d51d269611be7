// SPDX-License-Identifier: Apache-2.0

package server

// RSAPEM makes an RSA key of that many bits, once.
var RSAPEM = rsaPEM
