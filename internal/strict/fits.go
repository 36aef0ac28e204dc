package strict

import (
	"errors"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// unmarshaler is a type that reads its own node. Its error is given the node's place.
type unmarshaler interface{ UnmarshalYAML(ast.Node) error }

var (
	ownNode  = reflect.TypeFor[unmarshaler]()
	ownBytes = reflect.TypeFor[yaml.BytesUnmarshaler]()
	ownFunc  = reflect.TypeFor[yaml.InterfaceUnmarshaler]()
)

// fits holds the document against the type of into, before anything is written.
func (d *Document) fits(into any) error {
	return fits(d.body, reflect.TypeOf(into).Elem(), nil)
}

func fits(n ast.Node, t reflect.Type, path []any) error {
	n = unwrap(n)
	wrong := func(msg string) error {
		line, column := position(n)
		return &Error{line, column, pathText(path), msg}
	}
	if n == nil || n.Type() == ast.NullType {
		return wrong("an entry is empty")
	}
	if n.Type() == ast.AliasType || n.Type() == ast.MergeKeyType {
		return nil // what the anchor stands at was looked at there
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch p := reflect.PointerTo(t); {
	case p.Implements(ownNode):
		if err := reflect.New(t).Interface().(unmarshaler).UnmarshalYAML(n); err != nil {
			return inner(n, err, path)
		}
		return nil
	case p.Implements(ownBytes), p.Implements(ownFunc):
		return nil
	}
	switch t.Kind() {
	case reflect.Struct:
		return fitsStruct(n, t, path, wrong)
	case reflect.Map:
		if !isMapping(n) {
			return wrong("keys with values are wanted here")
		}
		for _, v := range entries(n) {
			if err := fits(v.Value, t.Elem(), below(path, v.Key.GetToken().Value)); err != nil {
				return err
			}
		}
	case reflect.Slice:
		list, ok := n.(*ast.SequenceNode)
		if !ok {
			return wrong("a list is wanted here: [one, two]")
		}
		for i, v := range list.Values {
			if err := fits(v, t.Elem(), below(path, i)); err != nil {
				return err
			}
		}
	case reflect.String:
		if _, err := Text(n); err != nil {
			return wrong(err.Error())
		}
	case reflect.Bool:
		if n.Type() != ast.BoolType {
			return wrong("true or false is wanted here")
		}
	case reflect.Int, reflect.Int64:
		if n.Type() != ast.IntegerType {
			return wrong("a whole number is wanted here")
		}
	case reflect.Float64:
		if n.Type() != ast.IntegerType && n.Type() != ast.FloatType {
			return wrong("a number is wanted here")
		}
	}
	return nil
}

// inner gives the error of a type's own reading its place: the node's, or one below it.
func inner(n ast.Node, err error, path []any) error {
	var done *Error
	if errors.As(err, &done) { // from Decode, of a document that begins at the node
		out := *done
		switch outer := pathText(path); {
		case out.Path == "":
			out.Path = outer
		case out.Path[0] == '[':
			out.Path = outer + out.Path
		default:
			out.Path = outer + "." + out.Path
		}
		return &out
	}
	var at *At
	if !errors.As(err, &at) {
		at = &At{nil, err}
	}
	out := (&Document{body: n}).locate(at)
	out.Path = pathText(append(slices.Clone(path), at.Path...))
	if out.Line == 0 {
		out.Line, out.Column = position(n)
	}
	return out
}

func fitsStruct(n ast.Node, t reflect.Type, path []any, wrong func(string) error) error {
	if !isMapping(n) {
		return wrong("keys with values are wanted here")
	}
	known := map[string]reflect.Type{}
	var names []string
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
		if name != "" && name != "-" {
			known[name] = t.Field(i).Type
			names = append(names, name)
		}
	}
	if m, ok := n.(*ast.MappingNode); ok {
		m.Values = slices.DeleteFunc(m.Values, func(v *ast.MappingValueNode) bool { return isNull(v.Value) && known[v.Key.GetToken().Value] != nil })
	}
	for _, v := range entries(n) {
		if v.Key.Type() == ast.MergeKeyType {
			continue
		}
		name := v.Key.GetToken().Value
		field, ok := known[name]
		if !ok {
			line, column := position(v.Key)
			return &Error{line, column, pathText(below(path, name)), "there is no such key" + Meant(name, names)}
		}
		if err := fits(v.Value, field, below(path, name)); err != nil {
			return err
		}
	}
	return nil
}

func isMapping(n ast.Node) bool {
	return n.Type() == ast.MappingType || n.Type() == ast.MappingValueType
}

func below(path []any, part any) []any { return append(slices.Clone(path), part) }

// Text is a node's text. A whole number without a zero before it is one, as it stands there; any other number and a truth
// value is none: it would be read as another text.
func Text(n ast.Node) (string, error) {
	switch n := unwrap(n).(type) {
	case *ast.StringNode:
		return n.Value, nil
	case *ast.LiteralNode:
		return n.Value.Value, nil
	case *ast.IntegerNode:
		if text := n.GetToken().Value; plainNumber.MatchString(text) {
			return text, nil
		}
		return "", errQuotes
	case *ast.FloatNode, *ast.BoolNode:
		return "", errQuotes
	default:
		return "", errors.New("text is wanted here")
	}
}

var (
	plainNumber = regexp.MustCompile(`^(0|[1-9][0-9]{0,17})$`)
	errQuotes   = errors.New("text is wanted here: put it in quotation marks")
)

// Texts is the list of texts that a node holds: at least one, none empty.
func Texts(n ast.Node) ([]string, error) {
	list, ok := unwrap(n).(*ast.SequenceNode)
	if !ok {
		return nil, errors.New("a list is wanted here: [one, two]")
	}
	if len(list.Values) == 0 {
		return nil, errors.New("the list is empty; leave the key out")
	}
	var out []string
	for i, v := range list.Values {
		s, err := Text(v)
		if err == nil && s == "" {
			err = errors.New("an entry is empty")
		}
		if err != nil {
			return nil, In(err, i)
		}
		out = append(out, s)
	}
	return out, nil
}

// Decode reads a node into a value whose type has no UnmarshalYAML of its own, as strictly as a Document.
func Decode(n ast.Node, into any) error { return (&Document{body: n}).Decode(into) }
