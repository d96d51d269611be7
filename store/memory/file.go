// SPDX-License-Identifier: Apache-2.0

package memory

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// The file of a guard: magic, since, the entries, and the SHA-256 of all that. Times are UNIX milliseconds.
const (
	magic     = "koogate seen 1\n"
	headLen   = len(magic) + 8
	recordLen = len(digest{}) + 8
)

// Open returns a guard that goes on where the last one at path ended. Close writes the nonces that are still remembered there,
// readable by the owner only, and Open removes the file. When there is no file, because the last process was killed, or the file is
// damaged, the guard does not know what came before: everything that was signed before now counts as seen. Locks are not kept: they
// die with their holders.
func Open(now func() time.Time, path string) (*Guard, error) {
	g := NewAfter(now)
	g.path = path
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return g, nil
	}
	if err != nil {
		return nil, fmt.Errorf("store/memory: %w", err)
	}
	// The file is removed before anything in it is used: a later process that read it again would know nothing of what came since.
	if err := os.Remove(path); err != nil {
		return nil, fmt.Errorf("store/memory: %w", err)
	}
	g.load(text)
	return g, nil
}

// load takes over the entries of a file. A damaged file is ignored.
func (g *Guard) load(text []byte) {
	body := len(text) - sha256.Size
	if body < headLen || (body-headLen)%recordLen != 0 || !bytes.HasPrefix(text, []byte(magic)) {
		return
	}
	if sum := sha256.Sum256(text[:body]); !bytes.Equal(sum[:], text[body:]) {
		return
	}
	g.since = time.UnixMilli(int64(binary.BigEndian.Uint64(text[len(magic):])))
	for rest := text[headLen:body]; len(rest) > 0; rest = rest[recordLen:] {
		k := digest(rest[:len(digest{})])
		expires := time.UnixMilli(int64(binary.BigEndian.Uint64(rest[len(digest{}):]))).Sub(g.base)
		if expires > 0 {
			g.shard(k).restore(k, expires)
		}
	}
}

// save writes the file whole or not at all.
func (g *Guard) save() (err error) {
	text := binary.BigEndian.AppendUint64([]byte(magic), uint64(g.since.UnixMilli()))
	at := g.now().Sub(g.base)
	for i := range g.shards {
		g.shards[i].nonces(at, func(k digest, expires time.Duration) {
			text = append(text, k[:]...)
			text = binary.BigEndian.AppendUint64(text, uint64(g.base.Add(expires+time.Millisecond).UnixMilli()))
		})
	}
	sum := sha256.Sum256(text)
	text = append(text, sum[:]...)

	f, err := os.CreateTemp(filepath.Dir(g.path), filepath.Base(g.path)+".*") // its mode is 0600
	if err != nil {
		return fmt.Errorf("store/memory: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
			err = fmt.Errorf("store/memory: %w", err)
		}
	}()
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), g.path)
}
