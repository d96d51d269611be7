// SPDX-License-Identifier: Apache-2.0

//go:build unix

package dbfile

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// Lock keeps other processes away from the database. SQLite's own locks come and go with transactions; this one is
// held from Open to Close. The kernel frees it when the process dies. The file itself stays: removing it would let two
// processes lock two different files of one name.
type Lock struct{ f *os.File }

// Take locks a file, which is made when it is missing. It fails at once when somebody else has the lock.
func Take(path string) (*Lock, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock file: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, errInUse
		}
		return nil, fmt.Errorf("lock file: %w", err)
	}
	return &Lock{f: f}, nil
}

// Release frees the lock.
func (l *Lock) Release() error { return l.f.Close() }
