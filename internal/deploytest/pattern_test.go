package deploytest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// matches is EventBridge's matching, as far as the rule uses it: objects key by key, lists of values, {"numeric": [">=", n]}.
// Anything else in a pattern is an error.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern.html
func matches(pattern, event any) (bool, error) {
	switch p := pattern.(type) {
	case map[string]any:
		e, ok := event.(map[string]any)
		if !ok {
			return false, nil
		}
		for key, sub := range p {
			if is, err := matches(sub, e[key]); !is || err != nil {
				return false, err
			}
		}
		return true, nil
	case []any:
		for _, one := range p {
			is, err := matchesOne(one, event)
			if is || err != nil {
				return is, err
			}
		}
		return false, nil
	}
	return false, fmt.Errorf("%v is neither an object nor a list", pattern)
}

func matchesOne(one, event any) (bool, error) {
	switch one := one.(type) {
	case string:
		return one == event, nil
	case map[string]any:
		bound, ok := one["numeric"].([]any)
		if !ok || len(bound) != 2 || bound[0] != ">=" {
			return false, fmt.Errorf("%v is not understood", one)
		}
		least, ok := bound[1].(float64)
		if !ok {
			return false, fmt.Errorf("%v is no number: EventBridge refuses the pattern", bound[1])
		}
		n, ok := event.(float64)
		return ok && n >= least, nil
	}
	return false, fmt.Errorf("%v is not understood", one)
}

func TestMatches(t *testing.T) {
	for _, tt := range []struct {
		pattern, event string
		want           bool
		err            bool
	}{
		{`{"a": ["x", "y"]}`, `{"a": "y", "b": 1}`, true, false},
		{`{"a": ["x"]}`, `{"a": "y"}`, false, false},
		{`{"a": ["x"]}`, `{}`, false, false},
		{`{"a": {"b": ["x"]}}`, `{"a": "x"}`, false, false},
		{`{"a": [{"numeric": [">=", 4]}]}`, `{"a": 4.5}`, true, false},
		{`{"a": [{"numeric": [">=", 4]}]}`, `{"a": 3.9}`, false, false},
		{`{"a": [{"numeric": [">=", 4]}]}`, `{"a": "8"}`, false, false},
		{`{"a": [{"numeric": [">=", "4"]}]}`, `{"a": 8}`, false, true},
		{`{"a": [{"prefix": "x"}]}`, `{"a": "x"}`, false, true},
		{`{"a": "x"}`, `{"a": "x"}`, false, true},
	} {
		var pattern, event any
		if err := json.Unmarshal([]byte(tt.pattern), &pattern); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(tt.event), &event); err != nil {
			t.Fatal(err)
		}
		if got, err := matches(pattern, event); got != tt.want || (err != nil) != tt.err {
			t.Errorf("%s on %s: %v, %v", tt.pattern, tt.event, got, err)
		}
	}
}

// rule is the pattern of the Rule for the parameters.
func rule(t *testing.T, parameters map[string]string) any {
	t.Helper()
	stack, err := LoadSAM(t).Evaluate(parameters)
	if err != nil {
		t.Fatal(err)
	}
	var pattern any
	if err := json.Unmarshal([]byte(text(stack.Resources["Rule"].Properties["EventPattern"])), &pattern); err != nil {
		t.Fatal(err)
	}
	return pattern
}

func finding(kind string, severity float64) map[string]any {
	return map[string]any{
		"source": "aws.guardduty", "detail-type": "GuardDuty Finding", "detail": map[string]any{"type": kind, "severity": severity},
	}
}

func TestRule(t *testing.T) {
	const mining, dns = "CryptoCurrency:EC2/BitcoinTool.B!DNS", "Backdoor:EC2/C&CActivity.B!DNS"
	scan := finding(mining, 8)
	scan["detail-type"] = "GuardDuty Malware Protection Object Scan Result"
	scan["detail"] = map[string]any{"scanStatus": "COMPLETED", "scanResultDetails": map[string]any{"scanResultStatus": "THREATS_FOUND"}, "severity": 8.0}
	foreign := finding(mining, 8)
	foreign["source"] = "com.example"
	for _, tt := range []struct {
		name       string
		parameters map[string]string
		event      map[string]any
		want       bool
	}{
		{"medium by default", nil, finding(mining, 4), true},
		{"critical", nil, finding("AttackSequence:IAM/CompromisedCredentials", 9.5), true},
		{"low by default", nil, finding(mining, 3.9), false},
		{"low, wanted", map[string]string{"MinSeverity": "1"}, finding(mining, 2), true},
		{"fraction", map[string]string{"MinSeverity": "5.5"}, finding(mining, 5.4), false},
		{"high only", map[string]string{"MinSeverity": "7"}, finding(mining, 6.9), false},
		{"chosen type", map[string]string{"FindingTypes": mining + "," + dns}, finding(dns, 8), true},
		{"other type", map[string]string{"FindingTypes": mining + "," + dns}, finding(dns+"X", 8), false},
		{"chosen type, too low", map[string]string{"FindingTypes": dns, "MinSeverity": "8"}, finding(dns, 5), false},
		{"malware scan of an object", nil, scan, false},
		{"coverage", nil, map[string]any{"source": "aws.guardduty", "detail-type": "GuardDuty Runtime Protection Unhealthy", "detail": map[string]any{}}, false},
		{"another source", nil, foreign, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := matches(rule(t, tt.parameters), any(tt.event)); err != nil || got != tt.want {
				t.Errorf("%v, %v; want %v", got, err, tt.want)
			}
		})
	}
}

// TestRuleOnExamples: every example that EventBridge would deliver matches a rule for every severity.
func TestRuleOnExamples(t *testing.T) {
	files, err := filepath.Glob(File(t, "examples/findings/*.json"))
	if err != nil {
		t.Fatal(err)
	}
	pattern, seen := rule(t, map[string]string{"MinSeverity": "1"}), 0
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var event map[string]any
		if json.Unmarshal(raw, &event) != nil || event["detail-type"] == nil {
			continue // in another shape
		}
		seen++
		if is, err := matches(pattern, any(event)); err != nil || !is {
			t.Errorf("%s: %v, %v", filepath.Base(name), is, err)
		}
	}
	if seen < 3 {
		t.Errorf("only %d events seen", seen)
	}
}

// TestRuleFits: EventBridge takes patterns of 2,048 characters; whatever FindingTypes takes fits, in Terraform, too, which
// writes & and > as six characters.
func TestRuleFits(t *testing.T) {
	const longest = "UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.InsideAWS" // that GuardDuty has
	for name, types := range map[string]string{
		"25 of the longest": strings.TrimSuffix(strings.Repeat(longest+",", 25), ","),
		"1,700 characters":  "A:B/" + strings.Repeat("x", 96) + "&y" + strings.Repeat(",A:B/"+strings.Repeat("x", 59)+"&y", 23) + ",A:B/" + strings.Repeat("x", 73) + "&y",
	} {
		raw, err := json.Marshal(rule(t, map[string]string{"FindingTypes": types, "MinSeverity": "9.9"})) // & and > as six, too
		if t.Logf("%s: %d characters", name, len(raw)); err != nil || len(raw) > 2048 {
			t.Errorf("%s: the pattern has %d characters, %v", name, len(raw), err)
		}
	}
}
