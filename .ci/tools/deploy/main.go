// SPDX-License-Identifier: Apache-2.0

// Command deploy reads what an engine would run, in the absence of one: the compose file by the Compose Specification's own
// loader, the Dockerfile by BuildKit's own parser and its linter. It prints what they hold and fails at the first fault.
//
//	go run . COMPOSE-FILE DOCKERFILE    run in this directory; paths as given
//	go run . -build DOCKERFILE          prints the command that builds the program, and nothing else
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("deploy: ")
	if len(os.Args) != 3 {
		log.Fatal("usage: deploy COMPOSE-FILE DOCKERFILE | deploy -build DOCKERFILE")
	}
	stages, err := dockerfile(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	if os.Args[1] == "-build" {
		command, err := build(stages)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(command)
		return
	}
	for _, s := range stages {
		fmt.Printf("%s: stage %q from %s, %d instructions\n", os.Args[2], s.Name, s.BaseName, len(s.Commands))
	}
	if err := compose(os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

// dockerfile parses a Dockerfile; a warning of the linter is an error.
func dockerfile(path string) ([]instructions.Stage, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	parsed, err := parser.Parse(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var warnings []error
	lint := linter.New(&linter.Config{Warn: func(rule, _, _, msg string, where []parser.Range) {
		warnings = append(warnings, fmt.Errorf("%s:%d: %s: %s", path, where[0].Start.Line, rule, msg))
	}})
	stages, _, err := instructions.Parse(parsed.AST, lint)
	return stages, errors.Join(err, errors.Join(warnings...))
}

// build is the only RUN that calls the Go compiler.
func build(stages []instructions.Stage) (string, error) {
	for _, s := range stages {
		for _, c := range s.Commands {
			run, ok := c.(*instructions.RunCommand)
			if ok && strings.Contains(strings.Join(run.CmdLine, " "), "go build") {
				return strings.Join(run.CmdLine, " "), nil
			}
		}
	}
	return "", errors.New("no RUN calls go build")
}

// compose loads a compose file as an engine would, and asks of every service what a supervisor needs.
func compose(path string) error {
	options, err := cli.NewProjectOptions([]string{path}, cli.WithName("koogate"), cli.WithWorkingDirectory(filepath.Dir(path)),
		cli.WithEnv([]string{"KOOGATE_UID=65532", "KOOGATE_GID=65532"}))
	if err != nil {
		return err
	}
	project, err := options.LoadProject(context.Background())
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	var faults []error
	for _, name := range slices.Sorted(slices.Values(project.ServiceNames())) {
		s := project.Services[name]
		if s.Restart == "" {
			faults = append(faults, fmt.Errorf("%s: %s: restart is missing", path, name))
		}
		for _, volume := range s.Volumes {
			if volume.Type != "bind" {
				continue
			}
			if _, err := os.Stat(volume.Source); err != nil {
				faults = append(faults, fmt.Errorf("%s: %s: %w", path, name, err))
			}
		}
		for _, port := range s.Ports {
			if port.HostIP != "127.0.0.1" {
				faults = append(faults, fmt.Errorf("%s: %s: port %s is open to the network", path, name, port.Published))
			}
		}
		fmt.Printf("%s: service %s, image %s\n", path, name, s.Image)
	}
	return errors.Join(faults...)
}
