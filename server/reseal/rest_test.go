// SPDX-License-Identifier: Apache-2.0

package reseal_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/koogate/koogate/server/vault"
	"github.com/koogate/koogate/store/sqlite"
	"github.com/koogate/koogate/store/sqlitetest"
)

// What the services seal, of buyers, users, applications, access and codes, is nowhere in the database's files in clear; what they do
// not seal is.
func TestWhatIsSealedIsNotInTheFile(t *testing.T) {
	path := sqlitetest.File(t)
	st := must[*sqlite.Store](t)(sqlite.Open(t.Context(), sqlite.Options{Path: path}))
	defer func() { _ = st.Close() }()
	fill(t, st, must[*vault.Vault](t)(vault.Ephemeral()))
	both := append(must[[]byte](t)(os.ReadFile(path)), must[[]byte](t)(os.ReadFile(path+"-wal"))...)
	if bytes.Contains(both, []byte("canary")) {
		t.Error("a sealed value lies in the file in clear")
	}
	if !bytes.Contains(both, []byte("biz-1")) {
		t.Error("the file does not hold what was stored: the test proves nothing")
	}
}
