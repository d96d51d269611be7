// SPDX-License-Identifier: Apache-2.0

//go:build windows

package dbfile

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// Lock keeps other processes away from the database: a file opened without sharing, from Open to Close.
type Lock struct{ f *os.File }

// errSharingViolation is ERROR_SHARING_VIOLATION.
const errSharingViolation = syscall.Errno(32)

// Take locks a file, which is made when it is missing. It fails at once when somebody else has the lock.
func Take(path string) (*Lock, error) {
	name, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return nil, fmt.Errorf("lock file: %w", err)
	}
	h, err := syscall.CreateFile(name, syscall.GENERIC_READ|syscall.GENERIC_WRITE, 0, nil,
		syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	if errors.Is(err, errSharingViolation) {
		return nil, errInUse
	}
	if err != nil {
		return nil, fmt.Errorf("lock file: %w", err)
	}
	return &Lock{f: os.NewFile(uintptr(h), path)}, nil
}

// Release frees the lock.
func (l *Lock) Release() error { return l.f.Close() }
