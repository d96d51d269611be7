// SPDX-License-Identifier: Apache-2.0

package contexts

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/koogate/koogate/client"
	"github.com/koogate/koogate/cmd/koogate/internal/keyfile"
)

// Context is a service and who the user is there.
type Context struct {
	Address  string `json:"address"`
	Token    string `json:"token,omitempty"`
	CAFile   string `json:"caFile,omitempty"`
	CertFile string `json:"certFile,omitempty"`
	KeyFile  string `json:"keyFile,omitempty"`
	Clear    bool   `json:"clear,omitempty"`
	Seller   string `json:"seller,omitempty"` // as the service told it at the login; empty when it did not
}

// Options are how the service is reached.
func (c Context) Options() client.Options {
	return client.Options{Addr: c.Address, Token: client.Secret(c.Token), CAFile: c.CAFile, CertFile: c.CertFile, KeyFile: c.KeyFile, Clear: c.Clear}
}

// File is what contexts.json holds.
type File struct {
	Current  string             `json:"current"` // empty after a logout
	Contexts map[string]Context `json:"contexts"`
}

// Names are the contexts' names in order.
func (f File) Names() []string { return slices.Sorted(maps.Keys(f.Contexts)) }

// Path is where the file is: koogate/contexts.json in the user's directory for configurations.
func Path() (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("there is no place for contexts: %w; use KOOGATE_ADDR and KOOGATE_TOKEN", err)
	}
	return filepath.Join(dir, "koogate", "contexts.json"), nil
}

// Load reads the file; one that is not there has no contexts. A file that others can read is refused, since it holds tokens.
func Load() (File, error) {
	path, err := Path()
	if err != nil {
		return File{}, err
	}
	f := File{Contexts: map[string]Context{}}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return f, nil
	case err != nil:
		return f, err
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0: // which has no such permissions
		return f, fmt.Errorf("%s holds tokens, and others can read it: chmod 600 %s, and replace the tokens if somebody has", path, path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return f, err
	}
	if err := json.Unmarshal(text, &f); err != nil {
		return f, fmt.Errorf("%s cannot be read (%w): correct it, or remove it and log in again", path, err)
	}
	if f.Contexts == nil {
		f.Contexts = map[string]Context{}
	}
	return f, nil
}

// Save writes the file whole, readable by its owner only.
func (f File) Save() error {
	path, err := Path()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	text, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	return keyfile.Replace(path, append(text, '\n'))
}
