package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
)

// comments are those on the structs of some packages, by "Type", and on their fields, by "Type.Field".
func comments(dirs ...string) (map[string]string, error) {
	out := map[string]string{}
	for _, dir := range dirs {
		names, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil || len(names) == 0 {
			return nil, fmt.Errorf("read comments: no Go files in %s (run it in the module's root)", dir)
		}
		for _, name := range names {
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
			if err != nil {
				return nil, fmt.Errorf("read comments: %w", err)
			}
			for _, d := range file.Decls {
				if decl, ok := d.(*ast.GenDecl); ok {
					structs(decl, out)
				}
			}
		}
	}
	return out, nil
}

func structs(decl *ast.GenDecl, out map[string]string) {
	for _, s := range decl.Specs {
		spec, ok := s.(*ast.TypeSpec)
		if !ok {
			continue
		}
		fields, ok := spec.Type.(*ast.StructType)
		if !ok {
			continue
		}
		name := spec.Name.Name
		out[name] = sentence(strings.TrimPrefix(strings.TrimPrefix(oneLine(decl.Doc.Text()), name+" is "), name+" are "))
		for _, f := range fields.Fields.List {
			text := f.Comment.Text()
			if text == "" {
				text = f.Doc.Text()
			}
			for _, n := range f.Names {
				out[name+"."+n.Name] = sentence(oneLine(text))
			}
		}
	}
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func sentence(s string) string {
	if s == "" {
		return ""
	}
	return upper(s)
}
