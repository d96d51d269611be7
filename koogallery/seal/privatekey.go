// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
)

// maxPrivateKey bounds the text of a key; one of 16384 bits has about 12600 bytes.
const maxPrivateKey = 64 << 10

// ParsePrivateKey reads an RSA private key, unencrypted: PEM with PKCS#8
// ("PRIVATE KEY") or PKCS#1 ("RSA PRIVATE KEY"), or the bare Base64 of either.
// Other PEM blocks before it are skipped. The size is not judged: see [CheckKey].
//
// Errors: ErrPrivateKey.
func ParsePrivateKey(text []byte) (*rsa.PrivateKey, error) {
	if len(text) > maxPrivateKey {
		return nil, ErrPrivateKey
	}
	for rest := text; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		switch block.Type {
		case "PRIVATE KEY", "RSA PRIVATE KEY":
			return parseDER(block.Bytes)
		}
	}
	der, err := decodeLoose(string(text))
	if err != nil {
		return nil, ErrPrivateKey
	}
	return parseDER(der)
}

func parseDER(der []byte) (*rsa.PrivateKey, error) {
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key, nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, ErrPrivateKey
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, ErrPrivateKey
	}
	return key, nil
}
