// SPDX-License-Identifier: Apache-2.0

package sign

import (
	"errors"
	"fmt"
)

// Sentinels of this package. The indented ones also match their parent, so a
// caller that needs only "absent" or "outside the window" tests for that.
var (
	// ErrMissing says that a field needed for verification is absent or empty.
	ErrMissing = errors.New("sign: missing field")

	// ErrMissingSignature says that the signature is absent. It matches ErrMissing.
	ErrMissingSignature = fmt.Errorf("%w: signature", ErrMissing)

	// ErrMissingTimestamp says that the timestamp is absent. It matches ErrMissing.
	ErrMissingTimestamp = fmt.Errorf("%w: timestamp", ErrMissing)

	// ErrMissingNonce says that the nonce is absent. It matches ErrMissing.
	ErrMissingNonce = fmt.Errorf("%w: nonce", ErrMissing)

	// ErrMissingAuthorization says that the Authorization header is absent. It matches ErrMissing.
	ErrMissingAuthorization = fmt.Errorf("%w: authorization header", ErrMissing)

	// ErrSignature says that the signature fits no key, or is no signature at all.
	ErrSignature = errors.New("sign: signature does not match")

	// ErrNoKey says that no usable (non-empty) key was given to verify with. It matches ErrSignature.
	ErrNoKey = fmt.Errorf("%w: no key to verify with", ErrSignature)

	// ErrTimestampMalformed says that a timestamp is not of the documented form.
	ErrTimestampMalformed = errors.New("sign: malformed timestamp")

	// ErrTimestampStale says that a timestamp lies outside the accepted window, on either side.
	ErrTimestampStale = errors.New("sign: timestamp outside the accepted window")

	// ErrTimestampFuture says that a timestamp lies ahead of the window. It matches ErrTimestampStale.
	ErrTimestampFuture = fmt.Errorf("%w: ahead of the clock", ErrTimestampStale)

	// ErrNonce says that a nonce is longer than MaxNonce bytes.
	ErrNonce = errors.New("sign: nonce too long")

	// ErrJSON says that a body is not one JSON object in valid UTF-8.
	ErrJSON = errors.New("sign: body is not a JSON object")

	// ErrDepth says that a JSON body is nested deeper than MaxDepth. It matches ErrJSON.
	ErrDepth = fmt.Errorf("%w: nested too deeply", ErrJSON)

	// ErrMembers says that an object of a JSON body has more than MaxMembers members. It matches ErrJSON.
	ErrMembers = fmt.Errorf("%w: too many members", ErrJSON)

	// ErrNested says that a body which has to be flat holds an array or object. It matches ErrJSON.
	ErrNested = fmt.Errorf("%w: nested value", ErrJSON)

	// ErrQuery says that a query string is badly percent-encoded, not valid
	// UTF-8 or has more than 1024 parameters.
	ErrQuery = errors.New("sign: malformed query")

	// ErrURL says that a URL to be signed is unusable.
	ErrURL = errors.New("sign: unusable URL")

	// ErrCredentials says that an access key, secret key or token is empty or not sendable in a header.
	ErrCredentials = errors.New("sign: unusable credentials")

	// ErrRequest says that a request cannot be put into canonical form.
	ErrRequest = errors.New("sign: request has no canonical form")

	// ErrSignedHeader says that a signed header is absent, repeated or badly named. It matches ErrRequest.
	ErrSignedHeader = fmt.Errorf("%w: unusable signed header", ErrRequest)

	// ErrAuthorization says that an Authorization header is not a well-formed SDK-HMAC-SHA256 one.
	ErrAuthorization = errors.New("sign: malformed authorization header")

	// ErrAccessKey says that nobody knows the access key of a request.
	ErrAccessKey = errors.New("sign: unknown access key")

	// ErrPayloadHash says that the header X-Sdk-Content-Sha256 is not the hash of the body. It matches ErrSignature.
	ErrPayloadHash = fmt.Errorf("%w: payload hash", ErrSignature)
)
