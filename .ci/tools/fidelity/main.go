// SPDX-License-Identifier: Apache-2.0

// Command fidelity writes the page and the checker's table of docs/fidelity.yaml, and the page of the errors, in the project's
// directory: `fidelity docs/fidelity.md koogallery/checker/source/table.go docs/errors.md`.
package main

import (
	"log"
	"os"

	"github.com/koogate/koogate/docs"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("fidelity: ")
	if len(os.Args) != 4 {
		log.Fatal("usage: fidelity PAGE TABLE ERRORS")
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		log.Fatal(err)
	}
}

func run(page, table, errors string) error {
	rules, err := docs.Rules()
	if err != nil {
		return err
	}
	sources, err := docs.Sources(rules)
	if err != nil {
		return err
	}
	reasons, err := os.ReadFile(docs.ReasonsFile)
	if err != nil {
		return err
	}
	explained, err := docs.Errors(string(reasons))
	if err != nil {
		return err
	}
	for to, text := range map[string][]byte{page: []byte(docs.Markdown(rules)), table: sources, errors: []byte(explained)} {
		if err := os.WriteFile(to, text, 0o644); err != nil { //nolint:gosec // files of the repository
			return err
		}
	}
	return nil
}
