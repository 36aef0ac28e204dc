package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// schema is what schema.cjs prints.
type schema struct {
	Provider  block            `json:"provider"`
	Resources map[string]block `json:"resources"`
	Data      map[string]block `json:"data"`
}

type block struct {
	Attributes map[string]attribute `json:"attributes"`
	Blocks     map[string]nested    `json:"blocks"`
}

type attribute struct {
	Type     json.RawMessage `json:"type"` // "string", or ["list", "string"]
	Required bool            `json:"required"`
	Optional bool            `json:"optional"`
	Computed bool            `json:"computed"`
}

type nested struct {
	Nesting  string `json:"nesting"` // list, set or single
	Required bool   `json:"required"`
	Max      int64  `json:"max"` // 0: any number
	Block    block  `json:"block"`
}

func (b block) schema() (*tfprotov5.Schema, error) {
	inner, err := b.block()
	return &tfprotov5.Schema{Block: inner}, err
}

func (b block) block() (*tfprotov5.SchemaBlock, error) {
	out := &tfprotov5.SchemaBlock{}
	for _, name := range slices.Sorted(maps.Keys(b.Attributes)) {
		a := b.Attributes[name]
		t, err := tftypes.ParseJSONType(a.Type) //nolint:staticcheck // the schema is JSON
		if err != nil {
			return nil, fmt.Errorf("read the type of %s: %w", name, err)
		}
		out.Attributes = append(out.Attributes, &tfprotov5.SchemaAttribute{
			Name: name, Type: t, Required: a.Required, Optional: a.Optional, Computed: a.Computed,
		})
	}
	for _, name := range slices.Sorted(maps.Keys(b.Blocks)) {
		n := b.Blocks[name]
		inner, err := n.Block.block()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out.BlockTypes = append(out.BlockTypes, n.schema(name, inner))
	}
	return out, nil
}

func (n nested) schema(name string, inner *tfprotov5.SchemaBlock) *tfprotov5.SchemaNestedBlock {
	out := &tfprotov5.SchemaNestedBlock{TypeName: name, Block: inner, MaxItems: n.Max}
	switch n.Nesting {
	case "single":
		out.Nesting = tfprotov5.SchemaNestedBlockNestingModeSingle
		return out
	case "set":
		out.Nesting = tfprotov5.SchemaNestedBlockNestingModeSet
	default:
		out.Nesting = tfprotov5.SchemaNestedBlockNestingModeList
	}
	if n.Required {
		out.MinItems = 1
	}
	return out
}
