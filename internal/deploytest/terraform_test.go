package deploytest

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cordon/internal/config"
)

// modules are the folders of deploy/terraform that terraform can run in.
var modules = []string{".", "member", "examples/simple"}

func TestTerraformFormat(t *testing.T) {
	needTerraform(t)
	tf := &Terraform{env: environment()}
	out, errs, err := tf.Run(t, File(t, "deploy/terraform"), "fmt", "-check", "-diff", "-recursive", "-no-color")
	if err != nil {
		t.Errorf("terraform fmt deploy/terraform: %v\n%s%s", err, out, errs)
	}
}

func TestTerraform(t *testing.T) {
	tf := NewTerraform(t)
	tests := map[string]func(*testing.T, *Terraform){
		"validate": validate, "schema": schemaIsHeld, "test": runTests, "example": planExample, "JSON": jsonIsValid, "removal": removal,
	}
	for _, name := range slices.Sorted(maps.Keys(tests)) {
		t.Run(name, func(t *testing.T) { tests[name](t, tf) })
	}
}

func validate(t *testing.T, tf *Terraform) {
	packageExample(t, tf)
	for _, name := range modules {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(tf.Dir, filepath.FromSlash(name))
			tf.Must(t, dir, "init", "-no-color")
			if out := tf.Must(t, dir, "validate", "-no-color"); !strings.Contains(out, "Success!") {
				t.Errorf("terraform validate says %q", out)
			}
		})
	}
}

// schemaIsHeld holds the stub provider to refusing what the real one refuses: without it, validate proves nothing.
func schemaIsHeld(t *testing.T, tf *Terraform) {
	tests := []struct{ name, file, from, to, want string }{
		{"argument that is none", "store.tf", "billing_mode ", "billing_modus ", `An argument named "billing_modus" is not expected here`},
		{"wrong type", "function.tf", "timeout          = 900", `timeout          = "long"`, "a number is required"},
		{"required argument missing", "events.tf", "arn       = aws_sfn_state_machine.state_machine.arn", "", `The argument "arn" is required`},
		{"block that is none", "store.tf", "point_in_time_recovery {", "point_in_time_recovering {", "Blocks of type"},
		{"block too often", "function.tf", "logging_config {", "logging_config {\n log_format = \"JSON\" \n}\n logging_config {", "Too many logging_config blocks"},
		{"attribute that is none", "outputs.tf", "aws_sqs_queue.dead_letter.url", "aws_sqs_queue.dead_letter.uri", "exported attribute named"},
		{"computed argument set", "store.tf", "billing_mode ", "arn = \"x\"\nbilling_mode ", "its value will be decided automatically"},
		{"type that is none", "store.tf", `"aws_dynamodb_table" "table"`, `"aws_dynamo_table" "table"`, "does not support resource type"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			file := filepath.Join(tf.Dir, test.file)
			before, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			after := strings.Replace(string(before), test.from, test.to, 1)
			if after == string(before) {
				t.Fatalf("%s: no %q to change", test.file, test.from)
			}
			writeFile(t, file, after)
			defer writeFile(t, file, string(before))
			out, errs, err := tf.Run(t, tf.Dir, "validate", "-no-color")
			said := strings.Join(strings.Fields(out+errs), " ")
			if err == nil || !strings.Contains(said, test.want) {
				t.Errorf("validate: %v, want it to say %q:\n%s", err, test.want, out+errs)
			}
		})
	}
}

func writeFile(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

var passed = regexp.MustCompile(`Success! ([0-9]+) passed, 0 failed`)

func runTests(t *testing.T, tf *Terraform) {
	out, errs, err := tf.Run(t, tf.Dir, "test", "-no-color")
	m := passed.FindStringSubmatch(out)
	if err != nil || m == nil {
		t.Fatalf("terraform test: %v\n%s%s", err, out, errs)
	}
	t.Logf("terraform test: %s passed", m[1])
}

func planExample(t *testing.T, tf *Terraform) {
	dir := filepath.Join(tf.Dir, "examples", "simple")
	packageExample(t, tf)
	tf.Must(t, dir, "init", "-no-color")
	plan := tf.Plan(t, dir, map[string]any{
		"email": "soc@example.com", "protected_identities": []string{"break-glass-*"}, "architecture": "x86_64", "member_role_name": "cordon-member",
	})
	rule, ok := plan.Resources["module.cordon.aws_cloudwatch_event_rule.rule"]
	if !ok || !strings.Contains(text(rule.Values["event_pattern"]), `"numeric":["\u003e=",4]`) {
		t.Errorf("the example plans %v, the rule %v", slices.Sorted(maps.Keys(plan.Resources)), rule.Values)
	}
	c := config.Default("/state") // what docs/deploy.md writes into cordon.yaml
	c, err := config.Parse("cordon_yaml", []byte(text(plan.Outputs["cordon_yaml"])), c)
	if err != nil || !slices.Equal(c.IAM.Protected, []string{"break-glass-*"}) || c.Accounts.Role != "cordon-member" || c.EC2.LiveResponse.Channel != "" {
		t.Errorf("cordon_yaml: %v, %+v", err, c)
	}
}

// packageExample puts files where make lambda puts the function's zips, which the example names.
func packageExample(t *testing.T, tf *Terraform) {
	t.Helper()
	dir := filepath.Join(tf.Dir, "..", "..", "bin", "lambda")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"arm64.zip", "x86_64.zip"} {
		writeFile(t, filepath.Join(dir, name), "zip")
	}
}

// jsonIsValid holds every text that AWS reads as JSON to being JSON.
func jsonIsValid(t *testing.T, tf *Terraform) {
	found := 0
	for address, r := range planHub(t, tf, nil).Resources {
		for _, key := range []string{"policy", "assume_role_policy", "event_pattern", "definition", "dashboard_body"} {
			text, ok := r.Values[key].(string)
			if !ok {
				continue
			}
			found++
			if !json.Valid([]byte(text)) {
				t.Errorf("%s: %s is no JSON: %s", address, key, text)
			}
		}
	}
	if found < 12 {
		t.Errorf("only %d texts of JSON seen", found)
	}
}

// TestTerraformSecrets: a variable that takes a secret would leave it in the state.
func TestTerraformSecrets(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(File(t, "deploy/terraform"), "*", "variables.tf"))
	if err != nil {
		t.Fatal(err)
	}
	name := regexp.MustCompile(`(?m)^variable "(\w*(?:secret|token|password|webhook|key)\w*)"`)
	seen := 0
	for _, file := range append(files, File(t, "deploy/terraform/variables.tf")) {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range name.FindAllStringSubmatch(string(content), -1) {
			seen++
			if !strings.HasSuffix(m[1], "_arn") && m[1] != "disable_all_keys" {
				t.Errorf("%s: variable %s could take a secret; take the ARN of one in Secrets Manager", file, m[1])
			}
		}
	}
	if seen == 0 {
		t.Error("no variable for a secret's ARN found; is the test looking in the right place?")
	}
}

// removal: README.md takes out of the state what is to stay: everything that prevents its destruction, and
// what belongs to the bucket.
func removal(t *testing.T, tf *Terraform) {
	readme, err := os.ReadFile(filepath.Join(tf.Dir, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(readme), "terraform state rm ")
	command, _, _ := strings.Cut(after, "terraform destroy")
	var listed []string
	for _, word := range strings.Fields(command) {
		if address, ok := strings.CutPrefix(word, "module.cordon."); ok {
			listed = append(listed, address)
		}
	}
	var kept []string
	for _, r := range planHub(t, tf, map[string]any{"object_lock_days": 1}).Resources {
		address := r.Type + "." + r.Name
		if strings.HasPrefix(r.Type, "aws_s3_") || r.Type == "aws_kms_key" || r.Type == "aws_dynamodb_table" {
			kept = append(kept, address)
		}
	}
	slices.Sort(listed)
	slices.Sort(kept)
	if !slices.Equal(listed, kept) {
		t.Errorf("README.md keeps\n%v\nwant\n%v", listed, kept)
	}
	for _, address := range []string{"aws_kms_key.key", "aws_s3_bucket.evidence", "aws_dynamodb_table.table"} {
		if !slices.Contains(tf.protected(t), address) {
			t.Errorf("%s: has no prevent_destroy", address)
		}
	}
}

var resourceBlock = regexp.MustCompile(`(?ms)^resource "(\w+)" "(\w+)" \{\n(.*?)^\}`)

// protected lists the resources of the module with prevent_destroy; a plan does not show it.
func (tf *Terraform) protected(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(tf.Dir, "*.tf"))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range resourceBlock.FindAllStringSubmatch(string(content), -1) {
			if regexp.MustCompile(`prevent_destroy = true`).MatchString(m[3]) {
				out = append(out, m[1]+"."+m[2])
			}
		}
	}
	return out
}

// planHub plans the module with these variables and any file for the package.
func planHub(t *testing.T, tf *Terraform, variables map[string]any) Plan {
	t.Helper()
	given := map[string]any{"package": filepath.Join(tf.Dir, "versions.tf")}
	maps.Copy(given, variables)
	return tf.Plan(t, tf.Dir, given)
}
