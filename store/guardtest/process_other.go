// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package guardtest

import (
	"errors"
	"os"
)

func stopProcess(*os.Process) error     { return errors.ErrUnsupported }
func continueProcess(*os.Process) error { return errors.ErrUnsupported }
