package deploytest

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
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

// probes are values to try on a parameter, good and bad, by the kind of parameter.
var probes = map[string][]any{
	"Name":        {"ab", "a", "cordon-2", "2cordon", "Cordon", "-x", "a_b", "abcdefghijklmnopqrst", "abcdefghijklmnopqrstu", "", `a"b`},
	"MinSeverity": {1, 0, 0.9, 4.5, 4.55, 10, 10.1, -1},
	"FindingTypes": {
		"", "Recon:EC2/PortProbeUnprotectedPort", "Backdoor:EC2/C&CActivity.B!DNS", "Recon:*", "Recon", `a:b/c"`, "a:b/c d", "A:B/C,D:E/F",
		"A:B/C,,D:E/F", "A:B/C,", ",A:B/C", "A:B/C, D:E/F", "A:B/C&D&E", someTypes(25), someTypes(26), "A:B/" + strings.Repeat("x", 1696), "A:B/" + strings.Repeat("x", 1697),
	},
	"NotificationEmail":     {"", "soc@example.com", "soc", "a@b@c", "a b@c", `"a"@b`, `a\@b`, strings.Repeat("x", 252) + "@y", strings.Repeat("x", 253) + "@y"},
	"SlackWebhookSecretArn": secretProbes,
	"JiraUrl": {
		"https://example.atlassian.net", "https://jira.example.com/context", "http://example.com", "https://u@example.com", "https://a?b",
		"https://a#b", `https://a"b`, `https://a\b`, "https://a b", "ftp://a", "https://${x}", "https://a:8443/b_c", "https://a:b", "https://a/<b>",
		"https://" + strings.Repeat("a", 92), "https://" + strings.Repeat("a", 93),
	},
	"JiraProject":           {"SEC", "sec_1", "1SEC", "S-E", `S"`, "S C", strings.Repeat("S", 32), strings.Repeat("S", 33)},
	"JiraType":              {"Task", "Security Incident", "", `Ta"sk`, `Ta\sk`, "Ta\nsk", "${x}", "R&D", strings.Repeat("\u00f6", 40), strings.Repeat("x", 41)},
	"JiraUser":              {"", "bot@example.com", "a:b", `a"b`, `a\b`, "a b", "a\nb", "${x}", strings.Repeat("u", 80), strings.Repeat("u", 81)},
	"JiraTokenSecretArn":    secretProbes[1:],
	"LiveResponseSeconds":   {1, 0, 999, 1000, 2999, 3600, 3601, 1.5, 36000, -1},
	"ProtectedIdentities":   {"", "break-glass-*", "a.b@c", "a b", `a"b`, "[ab]", `a\b`, "adm?n", "a,b", "a,", ",a", "a,,b", "a, b", ",", strings.Repeat("a", 200), strings.Repeat("a", 201)},
	"SuppressDays":          {0, 9, 10, 99, 100, 365, 366, 0.5, 999, -1},
	"MemberRoleName":        {"cordon-member", "a/b/c", "/a", "a/", "arn:aws:iam::111122223333:role/x", `a"b`, strings.Repeat("x", 64), strings.Repeat("x", 65), strings.Repeat("x", 64) + "/" + strings.Repeat("y", 31), strings.Repeat("x", 64) + "/" + strings.Repeat("y", 32)},
	"MemberExternalId":      {"", "a", "ab", "a:b/c", `a"b`, "a b", strings.Repeat("x", 64), strings.Repeat("x", 65)},
	"EvidenceRetentionDays": dayProbes,
	"ObjectLockDays":        dayProbes,
	"LogRetentionDays":      {1, 2, 90, 100, 3653, 0},
	"ConfigOverride":        {"", "ec2: {}", "ec2:\n  cut_established: \"x\"\n", "a: \u00f6", strings.Repeat("x", 750), strings.Repeat("x", 751)}, // YAML alone: CloudFormation cannot tell
	"Architecture":          {"arm64", "x86_64", "x86", ""},
}

var dayProbes = []any{0, 1, 10, 999, 1000, 9999, 10000, 29999, 30000, 35999, 36000, 36499, 36500, 36501, 99999, 0.5, -1}

// someTypes are n finding types, as a parameter takes them.
func someTypes(n int) string { return strings.TrimSuffix(strings.Repeat("A:B/C,", n), ",") }

// lists are the parameters that are lists in Terraform; CloudFormation has them with commas.
var lists = []string{"FindingTypes", "ProtectedIdentities"}

var secretProbes = []any{
	"", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:a-AbCdEf", "arn:aws-cn:secretsmanager:cn-north-1:111122223333:secret:a/b-AbCdEf#key",
	"arn:aws:ssm:eu-west-1:111122223333:parameter/a", "https://hooks.slack.com/services/T/B/X", "a", `arn:aws:secretsmanager:eu-west-1:111122223333:secret:a"b`,
	"arn:aws:secretsmanager:eu-west-1:111122223333:secret:a#", "arn:aws:secretsmanager:eu-west-1:1:secret:a", longestSecret, longestSecret + "s",
}

// free are the parameters that take any value of their type: no probe could be refused.
var free = []string{
	"SecurityHub", "LiveResponse", "CutEstablished", "RevokeSharedRoles", "BlockRemoteIps", "DisableAllKeys", "ContainSourceBuckets", // true or false
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
			_, err := LoadFor(t, asParameters(given)).Evaluate(asParameters(given))
			if err != nil {
				refused[name]++
			}
			runs.WriteString(asRun(t, fmt.Sprintf("%s_%d", name, n), name, given, err != nil))
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
		runs.WriteString(asRun(t, strings.ReplaceAll(test.name, " ", "_"), "", test.given, false, test.refused...))
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
func asRun(t *testing.T, label, parameter string, given map[string]any, refused bool, also ...string) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "run %q {\n  command = plan\n  variables {\n", label)
	for _, name := range slices.Sorted(maps.Keys(given)) {
		v := given[name]
		if slices.Contains(lists, name) {
			if v != "" {
				v = strings.Split(text(v), ",")
			} else {
				v = []string{}
			}
		}
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "    %s = jsondecode(%s)\n", snake(name), strings.ReplaceAll(strconv.Quote(string(raw)), "${", "$${"))
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
