// SPDX-License-Identifier: Apache-2.0

// Command fidelity writes the page and the checker's table of docs/fidelity.yaml: `fidelity docs/fidelity.md
// koogallery/checker/source/table.go`.
package main

import (
	"log"
	"os"

	"github.com/koogate/koogate/docs"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("fidelity: ")
	if len(os.Args) != 3 {
		log.Fatal("usage: fidelity PAGE TABLE")
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		log.Fatal(err)
	}
}

func run(page, table string) error {
	rules, err := docs.Rules()
	if err != nil {
		return err
	}
	sources, err := docs.Sources(rules)
	if err != nil {
		return err
	}
	for to, text := range map[string][]byte{page: []byte(docs.Markdown(rules)), table: sources} {
		if err := os.WriteFile(to, text, 0o644); err != nil { //nolint:gosec // files of the repository
			return err
		}
	}
	return nil
}
