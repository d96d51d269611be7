// SPDX-License-Identifier: Apache-2.0

// Package keyfile reads secrets that a command line gives either themselves or by a file, which other users of the machine do not see.
package keyfile

import (
	"fmt"
	"os"
	"strings"
)

// Secret is a secret that was given, or the first line of its file. Errors are those of the file; an empty one is one too.
func Secret(given, file string) (string, error) {
	if file == "" {
		return given, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	line, _, _ := strings.Cut(string(text), "\n")
	if line = strings.TrimSpace(line); line == "" {
		return "", fmt.Errorf("%s holds no key", file)
	}
	return line, nil
}
