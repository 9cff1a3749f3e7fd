// Package source reads the source of a module without the go command: which packages and files there are, what they
// import and under which names, and the text of everything beside them. It judges nothing.
package source

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// maxText is the size in bytes above which a file is taken for data that nobody wrote by hand and is not read.
const maxText = 1 << 20

// Tree is the source of the module: its packages, and the lines of text of all its files.
type Tree struct {
	// Module is the module path from go.mod.
	Module string
	// Packages are sorted by folder. Folders named testdata, vendor or node_modules, those starting with a dot or an
	// underscore, and those with a go.mod of their own are not part of the module and have none.
	Packages []*Package
	// Texts are all files of text of the repository, by path: code, documents, scripts and data, also those in testdata
	// and in nested modules.
	Texts map[string][]byte

	fset *token.FileSet
}

// Package is one folder with Go files.
type Package struct {
	// Dir is relative to the root, with slashes; "." is the root.
	Dir string
	// Files are sorted by path.
	Files []*File
}

// File is one Go file.
type File struct {
	// Path is relative to the root, with slashes.
	Path string
	// AST holds comments and is nil when Err is not.
	AST *ast.File
	// Err is why the file could not be parsed.
	Err error
	// Lines counts the lines of the file.
	Lines int
	// Test tells that the name ends in _test.go.
	Test bool
	// Generated tells that the file says a program wrote it.
	Generated bool
}

// Read parses the tree under fsys, whose root must hold go.mod. A Go file with mistakes is kept with its error; a file
// that cannot be read ends the reading.
func Read(fsys fs.FS) (*Tree, error) {
	mod, err := fs.ReadFile(fsys, "go.mod")
	if err != nil {
		return nil, fmt.Errorf("read the module's root: %w", err)
	}
	tree := &Tree{Module: modulePath(mod), Texts: map[string][]byte{}, fset: token.NewFileSet()}
	if tree.Module == "" {
		return nil, fmt.Errorf("go.mod names no module")
	}
	if err := tree.walk(fsys, ".", true); err != nil {
		return nil, err
	}
	slices.SortFunc(tree.Packages, func(a, b *Package) int { return strings.Compare(a.Dir, b.Dir) })
	return tree, nil
}

// modulePath reads the module line of a go.mod.
func modulePath(mod []byte) string {
	for line := range strings.Lines(string(mod)) {
		if rest, ok := strings.CutPrefix(line, "module "); ok {
			return strings.TrimSpace(rest)
		}
	}
	return ""
}

// walk reads one folder and those below. compiled tells whether its Go files belong to the module.
func (t *Tree) walk(fsys fs.FS, dir string, compiled bool) error {
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return fmt.Errorf("list %s: %w", dir, err)
	}
	if dir != "." && slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() == "go.mod" }) {
		compiled = false
	}
	pkg := &Package{Dir: dir}
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		switch {
		case e.IsDir() && foreign(e.Name()):
		case e.IsDir():
			err = t.walk(fsys, name, compiled && !uncompiled(e.Name()))
		case e.Type().IsRegular():
			err = t.readFile(fsys, name, pkg, compiled)
		}
		if err != nil {
			return err
		}
	}
	if len(pkg.Files) > 0 {
		t.Packages = append(t.Packages, pkg)
	}
	return nil
}

// foreign names folders that hold nothing of ours: version control, tools, borrowed sources.
func foreign(name string) bool {
	return slices.Contains([]string{".git", ".bin", "vendor", "node_modules", "dist"}, name)
}

// uncompiled names folders whose Go files the go command leaves out.
func uncompiled(name string) bool {
	return name == "testdata" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")
}

// readFile keeps a file of text, and parses it into pkg if it is Go and belongs to the module.
func (t *Tree) readFile(fsys fs.FS, name string, pkg *Package, compiled bool) error {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return fmt.Errorf("look at %s: %w", name, err)
	}
	if info.Size() > maxText && !strings.HasSuffix(name, ".go") {
		return nil
	}
	src, err := fs.ReadFile(fsys, name)
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	if bytes.IndexByte(src, 0) >= 0 {
		return nil
	}
	t.Texts[name] = src
	base := path.Base(name)
	if !compiled || !strings.HasSuffix(base, ".go") || uncompiled(base) {
		return nil
	}
	f := &File{Path: name, Test: strings.HasSuffix(base, "_test.go"), Lines: bytes.Count(src, []byte("\n"))}
	f.AST, f.Err = parser.ParseFile(t.fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
	if f.Err != nil {
		f.AST = nil
	} else {
		f.Generated = ast.IsGenerated(f.AST)
	}
	pkg.Files = append(pkg.Files, f)
	return nil
}

// Line gives the line of a position, counted from 1.
func (t *Tree) Line(pos token.Pos) int { return t.fset.Position(pos).Line }

// Files gives every Go file of the module, package by package.
func (t *Tree) Files() []*File {
	var all []*File
	for _, p := range t.Packages {
		all = append(all, p.Files...)
	}
	return all
}

// Code gives the files that are no tests.
func (p *Package) Code() []*File {
	var code []*File
	for _, f := range p.Files {
		if !f.Test {
			code = append(code, f)
		}
	}
	return code
}
