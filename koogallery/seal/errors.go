// SPDX-License-Identifier: Apache-2.0

package seal

import "errors"

// Sentinels of this package.
var (
	// ErrKey says that no key was given, or an empty one.
	ErrKey = errors.New("seal: no key")

	// ErrIV says that an initialisation vector is not 16 letters and digits.
	ErrIV = errors.New("seal: IV is not 16 letters and digits")

	// ErrRandom says that the source of random bytes failed.
	ErrRandom = errors.New("seal: no random bytes")

	// ErrSealed says that a text is too short, no Base64, not whole blocks or
	// badly padded. The causes are not told apart, because the difference
	// would help a forger.
	ErrSealed = errors.New("seal: malformed encrypted text")

	// ErrText says that a plaintext is not valid UTF-8.
	ErrText = errors.New("seal: plaintext is not valid UTF-8")

	// ErrParams says that saasExtendParams does not hold a list of names and values.
	ErrParams = errors.New("seal: malformed extension parameters")

	// ErrPrivateKey says that a text is no RSA private key.
	ErrPrivateKey = errors.New("seal: not an RSA private key")

	// ErrKeySize says that an RSA key has fewer than 3072 or more than 16384 bits.
	ErrKeySize = errors.New("seal: RSA key of unusable size")

	// ErrSecret says that no key and no pair of hashes opens a secret, or that
	// it cannot be made.
	ErrSecret = errors.New("seal: unusable secret")
)
