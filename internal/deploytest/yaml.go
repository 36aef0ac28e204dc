package deploytest

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Parse reads a template in YAML or JSON.
func Parse(raw []byte) (Template, error) {
	file, err := parser.ParseBytes(raw, 0)
	if err != nil {
		return nil, err
	}
	if len(file.Docs) != 1 {
		return nil, fmt.Errorf("%d documents, want one", len(file.Docs))
	}
	v, err := value(file.Docs[0].Body)
	if err != nil {
		return nil, err
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("the document is a %T, want a mapping", v)
	}
	return m, nil
}

// value is a node as Go values.
func value(n ast.Node) (any, error) {
	switch n := n.(type) {
	case *ast.MappingNode:
		return mapping(n.Values)
	case *ast.MappingValueNode:
		return mapping([]*ast.MappingValueNode{n})
	case *ast.SequenceNode:
		out := make([]any, 0, len(n.Values))
		for _, item := range n.Values {
			v, err := value(item)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
		return out, nil
	case *ast.TagNode:
		return tagged(n)
	case *ast.LiteralNode:
		return n.Value.Value, nil
	case *ast.StringNode:
		return n.Value, nil
	case *ast.BoolNode:
		return n.Value, nil
	case *ast.FloatNode:
		return n.Value, nil
	case *ast.IntegerNode:
		switch i := n.Value.(type) {
		case int64:
			return i, nil
		case uint64:
			return int64(i), nil //nolint:gosec // no template holds a number that large
		}
	case *ast.NullNode, nil:
		return nil, nil
	}
	return nil, fmt.Errorf("line %d: %s is not understood", n.GetToken().Position.Line, n.Type())
}

func mapping(values []*ast.MappingValueNode) (any, error) {
	out := map[string]any{}
	for _, kv := range values {
		key, err := value(kv.Key)
		if err != nil {
			return nil, err
		}
		name := text(key)
		if key == nil { // the condition operator Null, as YAML reads it
			return nil, fmt.Errorf("line %d: the key is null: write 'Null' in quotation marks", kv.Key.GetToken().Position.Line)
		}
		if _, twice := out[name]; twice {
			return nil, fmt.Errorf("line %d: %s stands there twice", kv.Key.GetToken().Position.Line, name)
		}
		if out[name], err = value(kv.Value); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// tagged is a short form written out.
func tagged(n *ast.TagNode) (any, error) {
	v, err := value(n.Value)
	if err != nil {
		return nil, err
	}
	name := strings.TrimPrefix(n.Start.Value, "!")
	switch name {
	case "Ref", "Condition":
		return map[string]any{name: v}, nil
	case "GetAtt":
		if s, ok := v.(string); ok {
			resource, attribute, _ := strings.Cut(s, ".")
			v = []any{resource, attribute}
		}
	}
	return map[string]any{"Fn::" + name: v}, nil
}
