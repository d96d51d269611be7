// SPDX-License-Identifier: Apache-2.0

package seal_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"fmt"

	"github.com/koogate/koogate/koogallery/seal"
)

// A request's mobilePhone, once package sign has verified the call.
func ExampleDecrypt() {
	phone, err := seal.Decrypt("00000000-1111-2222-3333-444444444444", seal.AES256, "0123456789abcdefSkBJHEyx0zU+XkC19dbxxw==")
	fmt.Println(phone, err)
	// Output: 13800000000 <nil>
}

func ExampleEncrypt() {
	iv, err := seal.NewIV(rand.Reader)
	if err != nil {
		fmt.Println(err)
		return
	}
	sealed, err := seal.Encrypt("access-key", seal.ParseEncryptType("2"), iv, "admin")
	if err != nil {
		fmt.Println(err)
		return
	}
	plain, err := seal.Decrypt("access-key", seal.AES128, sealed)
	fmt.Println(len(sealed), plain, err)
	// Output: 40 admin <nil>
}

// An answer that is given twice is the same both times.
func ExampleStableIV() {
	answer := func() string {
		iv := seal.StableIV("access-key", "instance-1", "userName", "admin")
		sealed, err := seal.Encrypt("access-key", seal.AES256, iv, "admin")
		if err != nil {
			return err.Error()
		}
		return sealed
	}
	first, second := answer(), answer()
	fmt.Println(len(first), first == second)
	// Output: 40 true
}

func ExampleNewIV() {
	iv, err := seal.NewIV(rand.Reader)
	fmt.Println(len(iv), err)
	// Output: 16 <nil>
}

func ExampleFits() {
	fmt.Println(seal.Fits("admin@example.com"))
	// Output: true
}

func ExampleDeriveKey() {
	fmt.Println(hex.EncodeToString(seal.DeriveKey("xxxxxxx", seal.AES128)))
	// Output: c962ef8500ad13239b5ec0eb6a5c570b
}

func ExampleParseEncryptType() {
	fmt.Println(seal.ParseEncryptType("2"), seal.ParseEncryptType(""))
	// Output: 2 1
}

func ExampleParseExtendParams() {
	params, err := seal.ParseExtendParams("W3sibmFtZSI6ImlkTnVtIiwidmFsdWUiOiIzNTIyNTU1NTU1NTU2NTYifV0=")
	fmt.Println(params, err)
	// Output: [{idNum 352255555555656}] <nil>
}

func ExampleFormatExtendParams() {
	fmt.Println(seal.FormatExtendParams([]seal.Param{{Name: "idNum", Value: "352255555555656"}}))
	// Output: W3sibmFtZSI6ImlkTnVtIiwidmFsdWUiOiIzNTIyNTU1NTU1NTU2NTYifV0=
}

func ExamplePlatformParams() {
	members := seal.PlatformParams([]seal.Param{{Name: "platformParams", Value: `{"tenantName":"huawei","tennantId":"t-1","userId":"u-1"}`}})
	fmt.Println(members["tennantId"])
	// Output: t-1
}

func ExampleDecryptSecret() {
	key, err := rsa.GenerateKey(rand.Reader, 3072)
	if err != nil {
		fmt.Println(err)
		return
	}
	sealed, err := seal.EncryptSecret(&key.PublicKey, "client-secret", crypto.SHA256, crypto.SHA1)
	if err != nil {
		fmt.Println(err)
		return
	}

	// The seller's side: the key comes from a file.
	text := base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PrivateKey(key))
	own, err := seal.ParsePrivateKey([]byte(text))
	if err != nil {
		fmt.Println(err)
		return
	}
	secret, err := seal.DecryptSecret(seal.SecretKeys{own}, sealed)
	fmt.Println(secret, err)
	// Output: client-secret <nil>
}
