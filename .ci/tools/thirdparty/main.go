// SPDX-License-Identifier: Apache-2.0

// Command thirdparty writes the third-party .proto files that proto/ imports.
//
// They are printed from the descriptors that the Go packages in go.mod carry, so their versions are go.mod's, nothing
// is fetched from a schema registry, and no copy is committed. google/protobuf/* is left out: the compiler has it.
package main

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jhump/protoreflect/v2/protoprint"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	// Each import registers the files named in roots.
	_ "buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	_ "github.com/grpc-ecosystem/grpc-gateway/v2/protoc-gen-openapiv2/options"
	_ "google.golang.org/genproto/googleapis/api/annotations"
)

// roots are the files that proto/ may import; what they import themselves comes along.
var roots = []string{
	"buf/validate/validate.proto",
	"google/api/annotations.proto",
	"google/api/field_behavior.proto",
	"protoc-gen-openapiv2/options/annotations.proto",
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("thirdparty: ")
	if err := run(filepath.Join("third_party", "proto")); err != nil {
		log.Fatal(err)
	}
}

// run replaces the directory out.
func run(out string) error {
	var files []protoreflect.FileDescriptor
	for _, root := range roots {
		fd, err := protoregistry.GlobalFiles.FindFileByPath(root)
		if err != nil {
			return fmt.Errorf("%s: %w", root, err)
		}
		files = withImports(files, fd)
	}
	if err := os.RemoveAll(out); err != nil {
		return err
	}
	printer := &protoprint.Printer{Compact: true}
	return printer.PrintProtosToFileSystem(files, out)
}

// withImports appends fd and the files it imports, each once, without google/protobuf/*.
func withImports(files []protoreflect.FileDescriptor, fd protoreflect.FileDescriptor) []protoreflect.FileDescriptor {
	known := slices.ContainsFunc(files, func(f protoreflect.FileDescriptor) bool { return f.Path() == fd.Path() })
	if known || strings.HasPrefix(fd.Path(), "google/protobuf/") {
		return files
	}
	files = append(files, fd)
	for i := range fd.Imports().Len() {
		files = withImports(files, fd.Imports().Get(i).FileDescriptor)
	}
	return files
}
