package deploytest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"cordon/internal/nodetest"
)

// providerVersion is the version of hashicorp/aws whose schema @cdktf/provider-aws holds; the stub provider goes by it.
const providerVersion = "6.25.0"

// Terraform runs terraform on a copy of deploy/terraform, with the stub provider in place of hashicorp/aws. Nothing is
// downloaded, and nothing is written into the tree (but the built stub, into .tools).
type Terraform struct {
	Dir string // the copy of the module root
	env []string
}

// NewTerraform copies the module, builds the stub provider and initialises the module. Where terraform is not installed
// the test fails and says so, or is skipped with SKIP_EMULATOR=1.
func NewTerraform(t testing.TB) *Terraform {
	t.Helper()
	needTerraform(t)
	root, err := nodetest.Root()
	if err != nil {
		t.Fatal(err)
	}
	work := t.TempDir()
	tf := &Terraform{Dir: filepath.Join(work, "deploy", "terraform")}
	if err := os.CopyFS(tf.Dir, os.DirFS(filepath.Join(root, "deploy", "terraform"))); err != nil {
		t.Fatal(err)
	}
	copyFile(t, filepath.Join(root, "deploy", "cordon.asl.json"), filepath.Join(work, "deploy", "cordon.asl.json"))
	tf.env = append(
		environment(), "TF_CLI_CONFIG_FILE="+configure(t, work, buildStub(t, root)), "STUBPROVIDER_SCHEMA="+schemaFor(t, root, work, tf.Dir),
	)
	tf.Must(t, tf.Dir, "init", "-no-color")
	return tf
}

// environment is the process's, without anyone's own settings for terraform.
func environment() []string {
	mine := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "TF_") })
	return append(mine, "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1", "TF_INPUT=0")
}

func needTerraform(t testing.TB) {
	t.Helper()
	if _, err := exec.LookPath("terraform"); err != nil {
		if os.Getenv("SKIP_EMULATOR") != "" {
			t.Skipf("left out, because SKIP_EMULATOR is set: %v", err)
		}
		t.Fatalf("%v: install Terraform 1.11 or newer, or set SKIP_EMULATOR=1", err)
	}
}

// buildStub builds the stub provider into a mirror of providers as terraform wants it, and gives the mirror's folder.
func buildStub(t testing.TB, root string) string {
	t.Helper()
	mirror := filepath.Join(root, ".tools", "terraform")
	out := filepath.Join(mirror, "registry.terraform.io", "hashicorp", "aws", providerVersion, runtime.GOOS+"_"+runtime.GOARCH,
		"terraform-provider-aws_v"+providerVersion)
	cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags=-s -w", "-o", out, ".")
	cmd.Dir = filepath.Join(root, "internal", "deploytest", "stubprovider")
	cmd.Env = append(os.Environ(), "GOFLAGS=-buildvcs=false", "GOWORK=off", "CGO_ENABLED=0")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build the stub provider: %v\n%s", err, text)
	}
	return mirror
}

// configure writes the configuration of terraform that takes providers from the mirror alone.
func configure(t testing.TB, work, mirror string) string {
	t.Helper()
	file := filepath.Join(work, "cli.tfrc")
	text := fmt.Sprintf("provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", mirror)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

var declared = regexp.MustCompile(`(?m)^(resource|data) "(aws_[a-z0-9_]+)"`)

// schemaFor writes the schema of the types that the module's files declare.
func schemaFor(t testing.TB, root, work, dir string) string {
	t.Helper()
	var types []string
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".tf" {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range declared.FindAllStringSubmatch(string(text), -1) {
			types = append(types, strings.TrimPrefix(m[1]+"."+m[2], "resource."))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(types)
	script := filepath.Join(root, "internal", "deploytest", "stubprovider", "schema.cjs")
	file := filepath.Join(work, "schema.json")
	if err := os.WriteFile(file, nodetest.Run(t, script, nil, slices.Compact(types)...), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func copyFile(t testing.TB, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// Run runs terraform in a folder, and gives both outputs.
func (tf *Terraform) Run(t testing.TB, dir string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "terraform", args...)
	cmd.Dir, cmd.Env = dir, tf.env
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
}

// Must is Run for a command that has to succeed; it gives the standard output.
func (tf *Terraform) Must(t testing.TB, dir string, args ...string) string {
	t.Helper()
	out, errs, err := tf.Run(t, dir, args...)
	if err != nil {
		t.Fatalf("terraform %s: %v\n%s%s", strings.Join(args, " "), err, out, errs)
	}
	return out
}

// Planned is one resource of a plan. Values has what was configured and what is computed; what only AWS would know is
// missing from it.
type Planned struct {
	Address string         `json:"address"` // aws_sqs_queue.dead_letter, aws_sns_topic_subscription.email[0]
	Type    string         `json:"type"`
	Name    string         `json:"name"`
	Values  map[string]any `json:"values"`

	Configured []string `json:"-"` // the names in Values that the module's text sets; of the root module alone
}

// Plan is what terraform would make of nothing.
type Plan struct {
	Variables map[string]any     // the defaults of those that have one
	Outputs   map[string]any     // less what only AWS would know
	Resources map[string]Planned // by address
}

// Plan plans the module in dir with these variables.
func (tf *Terraform) Plan(t testing.TB, dir string, variables map[string]any) Plan {
	t.Helper()
	text, err := json.Marshal(variables)
	if err != nil {
		t.Fatal(err)
	}
	work := t.TempDir()
	given, out := filepath.Join(work, "given.tfvars.json"), filepath.Join(work, "plan")
	if err := os.WriteFile(given, text, 0o600); err != nil {
		t.Fatal(err)
	}
	tf.Must(t, dir, "plan", "-no-color", "-refresh=false", "-var-file="+given, "-out="+out)
	var shown struct {
		PlannedValues struct {
			Outputs map[string]struct {
				Value any `json:"value"`
			} `json:"outputs"`
			RootModule plannedModule `json:"root_module"`
		} `json:"planned_values"`
		Configuration struct {
			RootModule struct {
				Variables map[string]struct {
					Default any `json:"default"`
				} `json:"variables"`
				Resources []struct {
					Address     string         `json:"address"`
					Expressions map[string]any `json:"expressions"`
				} `json:"resources"`
			} `json:"root_module"`
		} `json:"configuration"`
	}
	if err := json.Unmarshal([]byte(tf.Must(t, dir, "show", "-json", out)), &shown); err != nil {
		t.Fatal(err)
	}
	plan := Plan{Variables: map[string]any{}, Outputs: map[string]any{}, Resources: map[string]Planned{}}
	for name, v := range shown.PlannedValues.Outputs {
		plan.Outputs[name] = v.Value
	}
	for name, v := range shown.Configuration.RootModule.Variables {
		plan.Variables[name] = v.Default
	}
	configured := map[string][]string{}
	for _, r := range shown.Configuration.RootModule.Resources {
		configured[r.Address] = slices.Sorted(maps.Keys(r.Expressions))
	}
	shown.PlannedValues.RootModule.each(func(r Planned) {
		r.Configured = configured[r.Type+"."+r.Name]
		plan.Resources[r.Address] = r
	})
	return plan
}

type plannedModule struct {
	Resources    []Planned       `json:"resources"`
	ChildModules []plannedModule `json:"child_modules"`
}

func (m plannedModule) each(do func(Planned)) {
	for _, r := range m.Resources {
		do(r)
	}
	for _, child := range m.ChildModules {
		child.each(do)
	}
}
