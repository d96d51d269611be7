// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/base64"
	"strings"
	"unicode/utf8"
)

// MaxPlain is the longest userName or password that can be answered, in bytes
// of UTF-8 (saas-v2 §6). The limit of 128 characters is on the encrypted text:
// less 16 of IV that leaves 112 characters of Base64, hence 84 bytes, hence five
// blocks of 16 bytes, of which at least one byte is padding.
const MaxPlain = 79

// Fits reports whether an encrypted plain keeps within the 128 characters of
// userName and password.
func Fits(plain string) bool { return len(plain) <= MaxPlain }

// Encrypt returns iv followed by the standard Base64 of the AES-CBC encryption
// of plain with PKCS#5 padding (saas-v1 §2.4). The AES key is DeriveKey of key.
// iv comes from [NewIV] or [StableIV]. The length is not limited: see [Fits].
//
// Errors: ErrKey, ErrIV, ErrText.
func Encrypt(key string, t EncryptType, iv, plain string) (string, error) {
	switch {
	case key == "":
		return "", ErrKey
	case !isIV(iv):
		return "", ErrIV
	case !utf8.ValidString(plain):
		return "", ErrText
	}
	block, err := aes.NewCipher(DeriveKey(key, t))
	if err != nil {
		return "", ErrKey
	}
	padding := aes.BlockSize - len(plain)%aes.BlockSize
	text := make([]byte, 0, len(plain)+padding)
	text = append(text, plain...)
	text = append(text, bytes.Repeat([]byte{byte(padding)}, padding)...)
	cipher.NewCBCEncrypter(block, []byte(iv)).CryptBlocks(text, text)
	return iv + base64.StdEncoding.EncodeToString(text), nil
}

// Decrypt reverses [Encrypt] for a received text (saas-v1 §2.4). The type of a
// request's field is the one chosen when the product was published, that of an
// answer's its encryptType. The Base64 padding may be missing.
//
// Errors: ErrKey, ErrSealed for whatever is malformed, ErrText. A wrong key
// mostly gives ErrSealed, sometimes ErrText or, rarely, another text.
func Decrypt(key string, t EncryptType, sealed string) (string, error) {
	if key == "" {
		return "", ErrKey
	}
	if len(sealed) < ivLen || !isIV(sealed[:ivLen]) || strings.ContainsAny(sealed, "\r\n") {
		return "", ErrSealed
	}
	text, err := base64.RawStdEncoding.Strict().DecodeString(trimPadding(sealed[ivLen:]))
	if err != nil || len(text) == 0 || len(text)%aes.BlockSize != 0 {
		return "", ErrSealed
	}
	block, err := aes.NewCipher(DeriveKey(key, t))
	if err != nil {
		return "", ErrKey
	}
	cipher.NewCBCDecrypter(block, []byte(sealed[:ivLen])).CryptBlocks(text, text)
	n, ok := unpad(text[len(text)-aes.BlockSize:])
	if !ok {
		return "", ErrSealed
	}
	text = text[:len(text)-n]
	if !utf8.Valid(text) {
		return "", ErrText
	}
	return string(text), nil
}

// unpad returns the length of the padding of the last block, looking at each of
// its bytes whatever they are.
func unpad(block []byte) (n int, ok bool) {
	n = int(block[len(block)-1])
	good := subtle.ConstantTimeLessOrEq(1, n) & subtle.ConstantTimeLessOrEq(n, aes.BlockSize)
	for i, b := range block {
		padding := subtle.ConstantTimeLessOrEq(len(block)-i, n)
		good &= subtle.ConstantTimeSelect(padding, subtle.ConstantTimeByteEq(b, byte(n)), 1)
	}
	return n, good == 1
}

// trimPadding drops up to two equals signs, as many as Base64 can end with.
func trimPadding(s string) string {
	return strings.TrimSuffix(strings.TrimSuffix(s, "="), "=")
}
