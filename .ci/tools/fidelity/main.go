// SPDX-License-Identifier: Apache-2.0

// Command fidelity writes the page of docs/fidelity.yaml: `fidelity docs/fidelity.md`.
package main

import (
	"log"
	"os"

	"github.com/koogate/koogate/docs"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("fidelity: ")
	if len(os.Args) != 2 {
		log.Fatal("usage: fidelity TO")
	}
	if err := run(os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

func run(to string) error {
	rules, err := docs.Rules()
	if err != nil {
		return err
	}
	return os.WriteFile(to, []byte(docs.Markdown(rules)), 0o644) //nolint:gosec // a page of the repository
}
