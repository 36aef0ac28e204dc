// Package strict reads YAML into Go types and refuses what does not fit them: an unknown key, a value of another kind, an
// empty entry of a list, a second document. Every error says where, and what was probably meant. None repeats a value: a
// secret that stands there by mistake is not printed.
package strict

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Error is what is wrong at one place of the document.
type Error struct {
	Line, Column int    // from 1; 0: not known
	Path         string // "policy.rules[0].then", "" for the document
	Msg          string
}

func (e *Error) Error() string {
	text := e.Msg
	if e.Path != "" {
		text = e.Path + ": " + text
	}
	if e.Line > 0 {
		text = fmt.Sprintf("[%d:%d] %s", e.Line, e.Column, text)
	}
	return text
}

// Document is one YAML document.
type Document struct{ body ast.Node }

// Parse reads one document; an empty one is a document too. What is too large or too deep is refused before it is parsed.
func Parse(raw []byte) (*Document, error) {
	tokens, err := tokenize(raw)
	if err != nil {
		return nil, err
	}
	file, err := parser.Parse(tokens, 0)
	if err != nil {
		return nil, plain(err)
	}
	if len(file.Docs) > 1 {
		return nil, errors.New("more than one document; write one, without ---")
	}
	d := &Document{}
	for _, doc := range file.Docs {
		if doc.Body != nil && doc.Body.Type() != ast.NullType && doc.Body.Type() != ast.CommentType && doc.Body.Type() != ast.CommentGroupType {
			d.body = doc.Body
		}
	}
	return d, nil
}

// Decode writes the document over what into points to; what the document does not give stays, and so does what a key without
// a value stands for. In a map, whose keys are not known before, such a key is an error.
func (d *Document) Decode(into any) error {
	if d.body == nil {
		return nil
	}
	if err := d.fits(into); err != nil {
		return err
	}
	if err := yaml.NodeToValue(d.body, into, yaml.Strict()); err != nil {
		return plain(err)
	}
	return nil
}

// plain is a parser's error without the source.
func plain(err error) error { return errors.New(yaml.FormatError(err, false, false)) }

func isNull(n ast.Node) bool { return n == nil || n.Type() == ast.NullType }

// At says where in the document an error is: the keys (string) and places in lists (int) that lead there. An error that
// has a place already gets the path in front of it.
type At struct {
	Path []any
	Err  error
}

func (e *At) Error() string { return pathText(e.Path) + ": " + e.Err.Error() }
func (e *At) Unwrap() error { return e.Err }

// In puts a path in front of err's; nil for nil.
func In(err error, path ...any) error {
	if err == nil {
		return nil
	}
	var at *At
	if errors.As(err, &at) {
		return &At{append(slices.Clone(path), at.Path...), at.Err}
	}
	return &At{path, err}
}

// Locate gives an *At its line and column in the document: an *Error. Any other error stays as it is. Where the path
// leads to nothing, it is the place of the last part that is there.
func (d *Document) Locate(err error) error {
	var at *At
	if !errors.As(err, &at) {
		return err
	}
	return d.locate(at)
}

func (d *Document) locate(at *At) *Error {
	out := &Error{Path: pathText(at.Path), Msg: at.Err.Error()}
	n := d.body
	for _, part := range at.Path {
		if key, value := child(n, part); value != nil {
			n = value
			out.Line, out.Column = position(key)
		} else {
			break
		}
	}
	return out
}

// Has says whether the document gives a value, if only an empty one, at a path of keys and indexes.
func (d *Document) Has(path ...any) bool {
	n := d.body
	for _, part := range path {
		if _, n = child(n, part); isNull(n) {
			return false
		}
	}
	return true
}

// child gives the key's node (for the position) and the value's.
func child(n ast.Node, part any) (key, value ast.Node) {
	switch part := part.(type) {
	case string:
		for _, v := range entries(n) {
			if v.Key.GetToken() != nil && v.Key.GetToken().Value == part {
				return v.Key, v.Value
			}
		}
	case int:
		if list, ok := unwrap(n).(*ast.SequenceNode); ok && part < len(list.Values) {
			return list.Values[part], list.Values[part]
		}
	}
	return nil, nil
}

// entries are a mapping's; nil for anything else.
func entries(n ast.Node) []*ast.MappingValueNode {
	switch n := unwrap(n).(type) {
	case *ast.MappingNode:
		return n.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}
	default:
		return nil
	}
}

func unwrap(n ast.Node) ast.Node {
	for {
		switch v := n.(type) {
		case *ast.AnchorNode:
			n = v.Value
		case *ast.TagNode:
			n = v.Value
		default:
			return n
		}
	}
}

// position is where a node begins; of a mapping that is its first key.
func position(n ast.Node) (line, column int) {
	if all := entries(n); len(all) > 0 {
		n = all[0].Key
	}
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return 0, 0
	}
	p := n.GetToken().Position
	return p.Line, p.Column
}

func pathText(path []any) string {
	var b strings.Builder
	for _, part := range path {
		switch part := part.(type) {
		case int:
			b.WriteString("[" + strconv.Itoa(part) + "]")
		case string:
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			if part == "" || strings.ContainsFunc(part, func(r rune) bool { return r < '!' || r > '~' || r == '[' || r == '"' }) {
				part = strconv.Quote(part)
			}
			b.WriteString(part)
		}
	}
	return b.String()
}
