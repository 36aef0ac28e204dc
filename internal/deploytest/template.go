package deploytest

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"cordon/internal/nodetest"
)

// Template is a CloudFormation template as maps, slices and scalars (string, bool, int64, float64, nil). The short forms
// are written out: !Ref X is {"Ref": "X"}, !GetAtt A.B is {"Fn::GetAtt": ["A", "B"]}.
type Template map[string]any

// Resource is one entry of a template's Resources.
type Resource struct {
	Type                string
	Condition           string
	DeletionPolicy      string
	UpdateReplacePolicy string
	Properties          map[string]any
}

// Parameter is one entry of a template's Parameters. A list or pattern that is not there is nil or "".
type Parameter struct {
	Type           string
	Description    string
	Default        any
	AllowedValues  []any
	AllowedPattern string
	MinValue       any
	MaxValue       any
	MaxLength      any
	NoEcho         bool
}

// LoadSAM reads deploy/sam/template.yaml.
func LoadSAM(t testing.TB) Template { return Load(t, "deploy/sam/template.yaml") }

// LoadFor reads the template that has the processor which the parameters name: make dist writes it into its copy.
func LoadFor(t testing.TB, parameters map[string]string) Template {
	t.Helper()
	if parameters["Architecture"] != "x86_64" {
		return LoadSAM(t)
	}
	return Load(t, filepath.Join(dist(t, "ARCH=x86_64"), "template.yaml"))
}

// LoadMember reads deploy/sam/member.yaml.
func LoadMember(t testing.TB) Template { return Load(t, "deploy/sam/member.yaml") }

// Load reads a template by its path from the module's root, or by an absolute path.
func Load(t testing.TB, path string) Template {
	t.Helper()
	raw, err := os.ReadFile(File(t, path))
	if err != nil {
		t.Fatal(err)
	}
	tmpl, err := Parse(raw)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return tmpl
}

// File is the path of a file that is named from the module's root.
func File(t testing.TB, path string) string {
	t.Helper()
	if filepath.IsAbs(path) {
		return path
	}
	root, err := nodetest.Root()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(root, filepath.FromSlash(path))
}

// Resources are the template's resources by logical id, unresolved.
func (tmpl Template) Resources() map[string]Resource {
	out := map[string]Resource{}
	for id, raw := range object(tmpl["Resources"]) {
		out[id] = asResource(raw)
	}
	return out
}

func asResource(raw any) Resource {
	r := object(raw)
	return Resource{
		Type: text(r["Type"]), Condition: text(r["Condition"]), DeletionPolicy: text(r["DeletionPolicy"]),
		UpdateReplacePolicy: text(r["UpdateReplacePolicy"]), Properties: object(r["Properties"]),
	}
}

// Parameters are the template's parameters by name.
func (tmpl Template) Parameters() map[string]Parameter {
	out := map[string]Parameter{}
	for name, raw := range object(tmpl["Parameters"]) {
		p := object(raw)
		values, _ := p["AllowedValues"].([]any)
		noEcho, _ := p["NoEcho"].(bool)
		out[name] = Parameter{
			Type: text(p["Type"]), Description: text(p["Description"]), Default: p["Default"], AllowedValues: values,
			AllowedPattern: text(p["AllowedPattern"]), MinValue: p["MinValue"], MaxValue: p["MaxValue"], MaxLength: p["MaxLength"], NoEcho: noEcho,
		}
	}
	return out
}

// object is v as a map, empty if it is none.
func object(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

// text is a scalar as CloudFormation writes it, "" for nil.
func text(v any) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}
