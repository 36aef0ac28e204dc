package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"cordon/internal/permissions"
)

// terraform is a policy as a template for templatefile, whose variables have the placeholders' names. A statement that a
// parameter turns on is under an if.
func terraform(p permissions.Policy) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "{\n  \"Version\": %q,\n  \"Statement\": [", p.Version)
	comma := ""
	for _, last := range []bool{false, true} { // those that are always there come first, so that commas come out right
		for _, s := range p.Statement {
			if (s.When != "") != last {
				continue
			}
			if last {
				fmt.Fprintf(&b, "%%{ if %s }", tfCondition(s.When))
			}
			fmt.Fprintf(&b, "%s\n    %s", comma, tfStatement(s))
			comma = ","
			if last {
				b.WriteString("%{ endif }")
			}
		}
	}
	b.WriteString("\n  ]\n}\n")
	return b.Bytes()
}

// tfCondition: some parameters are on or off, the others are on when they are not empty.
func tfCondition(parameter string) string {
	if slices.Contains(permissions.Switches(false), parameter) {
		return parameter
	}
	return parameter + ` != ""`
}

func tfStatement(s permissions.Statement) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		panic("gen: " + err.Error()) // strings only: cannot happen
	}
	var out bytes.Buffer
	if err := json.Indent(&out, bytes.TrimSpace(b.Bytes()), "    ", "  "); err != nil {
		panic("gen: " + err.Error())
	}
	return out.String()
}
