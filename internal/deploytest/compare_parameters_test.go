package deploytest

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// terraformAlone are the variables that CloudFormation has no parameter for.
var terraformAlone = []string{
	"package", // sam build makes it
	"tags",    // sam deploy --tags
}

// defaults gives the default of each parameter by its CloudFormation name, as text; a list with commas.
func defaults(variables map[string]any) map[string]string {
	out := map[string]string{}
	for name, v := range variables {
		if slices.Contains(terraformAlone, name) {
			continue
		}
		items, list := v.([]any)
		if list {
			out[camel(name)] = strings.Join(texts(items), ",")
			continue
		}
		out[camel(name)] = text(v)
	}
	return out
}

func samDefaults(tmpl Template) map[string]string {
	out := map[string]string{}
	for name, p := range tmpl.Parameters() {
		out[name] = text(p.Default)
	}
	return out
}

func parametersAgree(t *testing.T, tf *Terraform) {
	if diff := cmp.Diff(samDefaults(LoadSAM(t)), defaults(planHub(t, tf, nil).Variables)); diff != "" {
		t.Errorf("parameters and their defaults (-SAM +Terraform):\n%s", diff)
	}
	member := tf.Plan(t, initialised(t, tf, "member"), map[string]any{"hub_account": Account})
	if diff := cmp.Diff(samDefaults(LoadMember(t)), defaults(member.Variables)); diff != "" {
		t.Errorf("the member's parameters and their defaults (-SAM +Terraform):\n%s", diff)
	}
}

// probes are values to try on a parameter, good and bad, by the kind of parameter. For a list each is its one item.
var probes = map[string][]any{
	"Name":                  {"ab", "a", "cordon-2", "2cordon", "Cordon", "-x", "a_b", "abcdefghijklmnopqrst", "abcdefghijklmnopqrstu", "", `a"b`},
	"MinSeverity":           {1, 0, 0.9, 4.5, 10, 10.1, -1},
	"FindingTypes":          {"Recon:EC2/PortProbeUnprotectedPort", "Backdoor:EC2/C&CActivity.B!DNS", "Recon:*", "Recon", `a:b/c"`, "a:b/c d"},
	"NotificationEmail":     {"", "soc@example.com", "soc", "a@b@c", "a b@c", `"a"@b`, `a\@b`},
	"SlackWebhookSecretArn": secretProbes,
	"JiraUrl": {
		"https://example.atlassian.net", "https://jira.example.com/context", "http://example.com", "https://u@example.com", "https://a?b",
		"https://a#b", `https://a"b`, `https://a\b`, "https://a b", "ftp://a",
	},
	"JiraProject":           {"SEC", "sec_1", "1SEC", "S-E", `S"`, "S C"},
	"JiraType":              {"Task", "Security Incident", "", `Ta"sk`, `Ta\sk`, "Ta\nsk", strings.Repeat("x", 60), strings.Repeat("x", 61)},
	"JiraUser":              {"", "bot@example.com", "a:b", `a"b`, `a\b`, "a b", "a\nb"},
	"JiraTokenSecretArn":    secretProbes[1:],
	"LiveResponseSeconds":   {1, 0, 3600, 3601, -1},
	"ProtectedIdentities":   {"break-glass-*", "a.b@c", "a b", `a"b`, "[ab]", `a\b`, "adm?n"},
	"SuppressDays":          {0, 365, 366, -1},
	"MemberRoleName":        {"cordon-member", "a/b/c", "/a", "a/", "arn:aws:iam::111122223333:role/x", `a"b`, strings.Repeat("x", 64), strings.Repeat("x", 65)},
	"MemberExternalId":      {"", "a", "ab", "a:b/c", `a"b`, "a b", strings.Repeat("x", 1224), strings.Repeat("x", 1225)},
	"EvidenceRetentionDays": {0, 1, 36500, -1},
	"ObjectLockDays":        {0, 1, 36500, 36501, -1},
	"LogRetentionDays":      {1, 2, 90, 100, 3653, 0},
	"ConfigOverride":        {"", "ec2: {}", strings.Repeat("x", 2000), strings.Repeat("x", 2001)}, // YAML alone: CloudFormation cannot tell
	"Architecture":          {"arm64", "x86_64", "x86", ""},
}

var secretProbes = []any{
	"", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:a-AbCdEf", "arn:aws-cn:secretsmanager:cn-north-1:111122223333:secret:a/b-AbCdEf#key",
	"arn:aws:ssm:eu-west-1:111122223333:parameter/a", "https://hooks.slack.com/services/T/B/X", "a", `arn:aws:secretsmanager:eu-west-1:111122223333:secret:a"b`,
	"arn:aws:secretsmanager:eu-west-1:111122223333:secret:a#", "arn:aws:secretsmanager:eu-west-1:1:secret:a",
}

// free are the parameters that take any value of their type: no probe could be refused.
var free = []string{
	"SecurityHub", "LiveResponse", "CutEstablished", "RevokeSharedRoles", "DisableAllKeys", "ContainSourceBuckets", // true or false
}

// whole are parameters that go together, so that one of them can be tried alone.
var whole = map[string]any{
	"JiraUrl": "https://example.atlassian.net", "JiraProject": "SEC", "JiraTokenSecretArn": jiraSecret, "MemberRoleName": "cordon-member",
}

// TestValuesAgree tries values on each parameter: CloudFormation's constraints and Terraform's validations have to agree
// on every one.
func TestValuesAgree(t *testing.T) {
	tmpl := LoadSAM(t)
	tried := append(slices.Collect(maps.Keys(probes)), free...)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(tmpl.Parameters())), slices.Sorted(slices.Values(tried))); diff != "" {
		t.Errorf("parameters (-in the template +tried here):\n%s", diff)
	}
	var runs strings.Builder
	refused := map[string]int{}
	for _, name := range slices.Sorted(maps.Keys(probes)) {
		for n, v := range probes[name] {
			given := maps.Clone(whole)
			given[name] = v
			_, err := tmpl.Evaluate(asParameters(given))
			if err != nil {
				refused[name]++
			}
			runs.WriteString(asRun(t, tmpl, fmt.Sprintf("%s_%d", name, n), name, given, err != nil))
		}
		if refused[name] == 0 || refused[name] == len(probes[name]) {
			t.Errorf("%s: CloudFormation refuses %d of %d values; try good ones and bad ones", name, refused[name], len(probes[name]))
		}
	}
	variablesAlone(t, runs.String())
}

// TestCrossedValuesAgree tries parameters that need each other.
func TestCrossedValuesAgree(t *testing.T) {
	tmpl := LoadSAM(t)
	tests := []struct {
		name    string
		given   map[string]any
		refused []string // the variables that Terraform names
	}{
		{"url alone", map[string]any{"JiraUrl": "https://a.example"}, []string{"jira_project", "jira_token_secret_arn"}},
		{"project alone", map[string]any{"JiraProject": "SEC"}, []string{"jira_project"}},
		{"token alone", map[string]any{"JiraTokenSecretArn": jiraSecret}, []string{"jira_token_secret_arn"}},
		{"no token", map[string]any{"JiraUrl": "https://a.example", "JiraProject": "SEC"}, []string{"jira_token_secret_arn"}},
		{"external id alone", map[string]any{"MemberExternalId": "ab"}, []string{"member_external_id"}},
		{"all", whole, nil},
		{"none", nil, nil},
	}
	var runs strings.Builder
	for _, test := range tests {
		_, err := tmpl.Evaluate(asParameters(test.given))
		if (err != nil) != (test.refused != nil) {
			t.Errorf("%s: CloudFormation says %v, want refused %v", test.name, err, test.refused != nil)
		}
		runs.WriteString(asRun(t, tmpl, strings.ReplaceAll(test.name, " ", "_"), "", test.given, false, test.refused...))
	}
	variablesAlone(t, runs.String())
}

func asParameters(given map[string]any) map[string]string {
	out := map[string]string{}
	for name, v := range given {
		out[name] = text(v)
	}
	return out
}

// asRun writes a run of terraform test that gives these values, and expects the variable of the parameter, or those that
// are named, to be refused.
func asRun(t *testing.T, tmpl Template, label, parameter string, given map[string]any, refused bool, also ...string) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "run %q {\n  command = plan\n  variables {\n", label)
	for _, name := range slices.Sorted(maps.Keys(given)) {
		v := given[name]
		if tmpl.Parameters()[name].Type == "CommaDelimitedList" {
			v = []any{v}
		}
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "    %s = jsondecode(%q)\n", snake(name), raw)
	}
	b.WriteString("  }\n")
	if refused {
		also = append(also, snake(parameter))
	}
	if len(also) > 0 {
		fmt.Fprintf(&b, "  expect_failures = [var.%s]\n", strings.Join(also, ", var."))
	}
	return b.String() + "}\n"
}

// snake is the reverse of camel.
func snake(name string) string {
	var b strings.Builder
	for n, r := range name {
		if r >= 'A' && r <= 'Z' && n > 0 {
			b.WriteByte('_')
		}
		b.WriteString(strings.ToLower(string(r)))
	}
	return b.String()
}

// variablesAlone runs tests on the module's variables, without its resources: no provider, and quick.
func variablesAlone(t *testing.T, runs string) {
	t.Helper()
	needTerraform(t)
	dir := t.TempDir()
	copyFile(t, File(t, "deploy/terraform/variables.tf"), filepath.Join(dir, "variables.tf"))
	writeFile(t, filepath.Join(dir, "values.tftest.hcl"), "variables {\n  package = \"variables.tf\"\n}\n"+runs)
	tf := &Terraform{Dir: dir, env: environment()}
	tf.Must(t, dir, "init", "-no-color")
	out, errs, err := tf.Run(t, dir, "test", "-no-color")
	m := passed.FindStringSubmatch(out)
	if err != nil || m == nil {
		t.Fatalf("Terraform and CloudFormation disagree on a value; terraform test: %v\n%s", err, errs)
	}
	t.Logf("%s values tried: both take them or both refuse them", m[1])
}
