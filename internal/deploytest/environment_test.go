package deploytest

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// environmentLimit is how many bytes of environment AWS Lambda takes. What it measures is the variables as a JSON object:
// a quotation mark in a value counts twice.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const environmentLimit = 4096

func environmentSize(t *testing.T, variables map[string]any) int {
	t.Helper()
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(variables); err != nil {
		t.Fatal(err)
	}
	return b.Len() - 1
}

// longest are the longest values that the parameters of cordon.yaml take, as large as they can get: a list of many names
// has more quotation marks than one of few. A quotation mark is the worst character of an override (this one is YAML).
func longest() map[string]string {
	return map[string]string{
		"Name":                  strings.Repeat("n", 20),
		"SlackWebhookSecretArn": longestSecret,
		"JiraUrl":               "https://" + strings.Repeat("j", 92),
		"JiraProject":           strings.Repeat("P", 32),
		"JiraType":              strings.Repeat("\U0001F525", 40), // four bytes each
		"JiraUser":              strings.Repeat("u", 80),
		"JiraTokenSecretArn":    longestSecret,
		"LiveResponse":          "true",
		"LiveResponseSeconds":   "3600",
		"CutEstablished":        "false",
		"ProtectedIdentities":   strings.Repeat("a,", 99) + "ab",
		"SuppressDays":          "365",
		"MemberRoleName":        strings.Repeat("p", 31) + "/" + strings.Repeat("r", 64),
		"MemberExternalId":      strings.Repeat("e", 64),
		"ConfigOverride":        "'" + strings.Repeat(`"`, 748) + "'",
	}
}

var longestSecret = "arn:aws-us-gov:secretsmanager:us-gov-west-1:111122223333:secret:" + strings.Repeat("s", 96)

// TestEnvironmentFits: whatever the parameters are, Lambda takes the function's environment; what is longer is refused by
// CloudFormation, before anything is made.
func TestEnvironmentFits(t *testing.T) {
	tmpl := LoadSAM(t)
	stack, err := tmpl.Evaluate(longest())
	if err != nil {
		t.Fatal(err)
	}
	variables := samEnvironment(stack)
	variables["CORDON_CONFIG"] = strings.NewReplacer(
		StackName+"-Table", strings.Repeat("s", 128)+"-Table-ABCDEFGHIJKLM", strings.ToLower(StackName+"-EvidenceBucket"), strings.Repeat("b", 63),
		Region, "ap-southeast-99", "arn:aws:", "arn:aws-us-gov:",
	).Replace(text(variables["CORDON_CONFIG"]))
	n := environmentSize(t, variables)
	if t.Logf("%d bytes", n); n > environmentLimit {
		t.Errorf("the longest environment has %d bytes, and Lambda takes %d", n, environmentLimit)
	}
	for name, v := range longest() {
		p := tmpl.Parameters()[name]
		if most, ok := number(p.MaxLength); ok && int(most) != len(v) {
			t.Errorf("%s: tried with %d characters, takes %v", name, len(v), most)
		}
		if p.MaxLength == nil && p.AllowedValues == nil && name != "ProtectedIdentities" {
			if _, err := tmpl.Evaluate(with(longest(), name, v+v[len(v)-1:])); err == nil {
				t.Errorf("%s: takes more than the %d characters that were tried", name, len(v))
			}
		}
	}
}

// environmentFits is TestEnvironmentFits for Terraform.
func environmentFits(t *testing.T, tf *Terraform) {
	given := map[string]any{}
	for name, v := range longest() {
		given[snake(name)] = v
	}
	given["protected_identities"] = strings.Split(longest()["ProtectedIdentities"], ",")
	n := environmentSize(t, terraformEnvironment(planHub(t, tf, given)))
	if t.Logf("%d bytes", n); n > environmentLimit {
		t.Errorf("the longest environment has %d bytes, and Lambda takes %d", n, environmentLimit)
	}
}
