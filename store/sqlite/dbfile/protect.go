// SPDX-License-Identifier: Apache-2.0

package dbfile

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"runtime"
)

// forOthers are the permissions of everybody but the owner.
const forOthers fs.FileMode = 0o077

// Protect closes the database and the files beside it to everybody but their owner. New files are made so, and those that
// SQLite makes take after the database; others come from earlier releases, copies and backups. What cannot be closed is told
// and goes on: the owner may be another account on purpose.
func Protect(ctx context.Context, path string, log *slog.Logger) {
	if runtime.GOOS == "windows" { // has no such permissions
		return
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	for _, file := range []string{path, path + "-wal", path + "-shm", path + ".lock"} {
		info, err := os.Stat(file)
		if err != nil || info.Mode().Perm()&forOthers == 0 {
			continue
		}
		mode := slog.String("mode", fmt.Sprintf("%04o", info.Mode().Perm()))
		if err := os.Chmod(file, info.Mode().Perm()&^forOthers); err != nil {
			log.ErrorContext(ctx, "others can use a file of the database, and it cannot be closed to them", "file", file, mode, "error", err)
			continue
		}
		log.WarnContext(ctx, "others could use a file of the database; now only its owner can", "file", file, mode)
	}
}
