// SPDX-License-Identifier: Apache-2.0

//go:build windows

package sqlite

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// fileLock keeps other processes away from the database: a file opened without sharing, from Open to Close.
type fileLock struct{ f *os.File }

// errSharingViolation is ERROR_SHARING_VIOLATION.
const errSharingViolation = syscall.Errno(32)

func lockFile(path string) (*fileLock, error) {
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
	return &fileLock{f: os.NewFile(uintptr(h), path)}, nil
}

func (l *fileLock) release() error { return l.f.Close() }
