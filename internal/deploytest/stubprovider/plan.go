package main

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// fill gives every computed attribute that the configuration leaves out the value that answers has for it, or what
// otherwise says: tftypes.UnknownValue, or nil for null.
func (b block) fill(
	t tftypes.Type, in *tfprotov5.DynamicValue, answers map[string]string, otherwise any,
) (*tfprotov5.DynamicValue, error) {
	value, err := in.Unmarshal(t)
	if err != nil || value.IsNull() {
		return in, err
	}
	var object map[string]tftypes.Value
	if err := value.As(&object); err != nil {
		return nil, err
	}
	for name, a := range b.Attributes {
		if !a.Computed || !object[name].IsNull() {
			continue
		}
		object[name] = tftypes.NewValue(object[name].Type(), otherwise)
		if answer, ok := answers[name]; ok {
			if text, known := expand(answer, object); known {
				object[name] = tftypes.NewValue(tftypes.String, text)
			}
		}
	}
	out, err := tfprotov5.NewDynamicValue(t, tftypes.NewValue(t, object))
	if err != nil {
		return nil, fmt.Errorf("encode the plan: %w", err)
	}
	return &out, nil
}

// unconfigurable lists the attributes that the configuration sets although only AWS does, sorted.
func (b block) unconfigurable(t tftypes.Type, config *tfprotov5.DynamicValue) ([]string, error) {
	value, err := config.Unmarshal(t)
	if err != nil {
		return nil, err
	}
	var object map[string]tftypes.Value
	if err := value.As(&object); err != nil {
		return nil, err
	}
	var out []string
	for name, a := range b.Attributes {
		if a.Computed && !a.Optional && !object[name].IsNull() {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out, nil
}

var placeholder = regexp.MustCompile(`\{[a-z_]+\}`)

// expand puts the values of attributes into a text that names them {so}. It is not known while one of them is not.
func expand(text string, object map[string]tftypes.Value) (string, bool) {
	known := true
	out := placeholder.ReplaceAllStringFunc(text, func(name string) string {
		var s string
		value := object[name[1:len(name)-1]]
		if !value.IsKnown() || value.IsNull() || value.As(&s) != nil {
			known = false
		}
		return s
	})
	return out, known
}
