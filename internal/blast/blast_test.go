package blast

import (
	"encoding/json"
	"slices"
	"testing"

	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing/types"
	elbv2types "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

func TestPermissionsAreSorted(t *testing.T) {
	if p := Permissions(); !slices.IsSorted(p) || len(slices.Compact(slices.Clone(p))) != len(p) {
		t.Errorf("%v", p)
	}
}

func TestLastHealthy(t *testing.T) {
	const (
		healthy, unhealthy  = elbv2types.TargetHealthStateEnumHealthy, elbv2types.TargetHealthStateEnumUnhealthy
		draining, unchecked = elbv2types.TargetHealthStateEnumDraining, elbv2types.TargetHealthStateEnumUnavailable
	)
	for name, tt := range map[string]struct {
		own, others []elbv2types.TargetHealthStateEnum
		want        bool
	}{
		"alone":                         {own: []elbv2types.TargetHealthStateEnum{healthy}, want: true},
		"on two ports":                  {own: []elbv2types.TargetHealthStateEnum{healthy, unhealthy}, want: true},
		"beside what serves nobody":     {own: []elbv2types.TargetHealthStateEnum{healthy}, others: []elbv2types.TargetHealthStateEnum{unhealthy, draining}, want: true},
		"beside another":                {own: []elbv2types.TargetHealthStateEnum{healthy}, others: []elbv2types.TargetHealthStateEnum{unhealthy, healthy}},
		"beside one without a check":    {own: []elbv2types.TargetHealthStateEnum{healthy}, others: []elbv2types.TargetHealthStateEnum{unchecked}},
		"without a check":               {own: []elbv2types.TargetHealthStateEnum{unchecked}, want: true},
		"itself unhealthy":              {own: []elbv2types.TargetHealthStateEnum{unhealthy}},
		"itself draining":               {own: []elbv2types.TargetHealthStateEnum{draining}, others: []elbv2types.TargetHealthStateEnum{unhealthy}},
		"of a group that it is not in":  {others: []elbv2types.TargetHealthStateEnum{healthy}},
		"of a group that nothing is in": {},
	} {
		var targets []elbv2types.TargetHealthDescription
		for id, states := range map[string][]elbv2types.TargetHealthStateEnum{"i-1": tt.own, "i-2": tt.others} {
			for _, s := range states {
				targets = append(targets, elbv2types.TargetHealthDescription{Target: &elbv2types.TargetDescription{Id: &id}, TargetHealth: &elbv2types.TargetHealth{State: s}})
			}
		}
		targets = append(targets, elbv2types.TargetHealthDescription{}) // what AWS never shows breaks nothing
		if got := lastHealthy(targets, map[string]bool{"i-1": true, "10.0.0.1": true}); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestLastInService(t *testing.T) {
	in, out, one, two := "InService", "OutOfService", "i-1", "i-2"
	for name, tt := range map[string]struct {
		states []elbtypes.InstanceState
		want   bool
	}{
		"alone":               {[]elbtypes.InstanceState{{InstanceId: &one, State: &in}}, true},
		"beside one that is":  {[]elbtypes.InstanceState{{InstanceId: &one, State: &in}, {InstanceId: &two, State: &in}}, false},
		"beside one that not": {[]elbtypes.InstanceState{{InstanceId: &two, State: &out}, {InstanceId: &one, State: &in}}, true},
		"itself out":          {[]elbtypes.InstanceState{{InstanceId: &one, State: &out}}, false},
		"nothing":             {nil, false},
	} {
		if got := lastInService(tt.states, "i-1"); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestOwnParts(t *testing.T) {
	const account = "111122223333"
	for _, tt := range []struct{ caller, role, session string }{
		{"arn:aws:sts::111122223333:assumed-role/web/i-1", "web", "i-1"},
		{"arn:aws:sts::444455556666:assumed-role/web/i-1", "", ""},
		{"arn:aws:iam::111122223333:user/somebody", "", ""},
		{"", "", ""},
		{"arn:aws:sts::111122223333:assumed-role/", "", ""},
	} {
		if role, session := sessionOf(tt.caller, account); role != tt.role || session != tt.session {
			t.Errorf("%s: %q %q", tt.caller, role, session)
		}
	}
	for _, tt := range []struct{ own, role, want string }{
		{"cordon-function-us-east-1", "cordon-state-machine-us-east-1", "state machine"},
		{"a-function-b-function-us-east-1", "A-function-b-rule-us-east-1", "EventBridge rule"},
		{"cordon-function-us-east-1", "cordon-rule-eu-west-1", ""},
		{"cordon-function-us-east-1", "rule", ""},
		{"cordon", "cordon-rule-us-east-1", ""},
		{"", "-rule-", ""},
	} {
		if got := partOf(tt.own, tt.role); got != tt.want {
			t.Errorf("%s of %s: %q", tt.role, tt.own, got)
		}
	}
	for vault, want := range map[string]string{"s3://evidence/cordon": "evidence", "s3://evidence": "evidence", "file:///v": "", "": "", "s3://%zz": ""} {
		if got := evidenceBucket(vault); got != want {
			t.Errorf("%s: %q", vault, got)
		}
	}
}

func TestPolicies(t *testing.T) {
	for _, tt := range []struct {
		policy           string
		services, origin []string
	}{
		{policy: `{"Statement":{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"}}}`, services: []string{"lambda.amazonaws.com"}},
		{policy: `{"Statement":[{"Effect":"Allow","Principal":{"Service":["ecs-tasks.amazonaws.com","ec2.amazonaws.com.cn"]}}]}`, services: []string{"ecs-tasks.amazonaws.com"}},
		{policy: `{"Statement":[{"Effect":"Deny","Principal":{"Service":"lambda.amazonaws.com"}}]}`},
		{policy: `{"Statement":[{"Effect":"Allow","Principal":"*"},{"Effect":"Allow","Principal":{"AWS":7}}]}`},
		{
			policy: `{"Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E9"}}]}`,
			origin: []string{"identity E9"},
		},
		{
			policy: `{"Statement":[{"Effect":"Allow","Principal":{"Service":"cloudfront.amazonaws.com"},"Condition":{"ArnLike":{"aws:sourcearn":["arn:aws:cloudfront::1:distribution/E2","arn:aws:cloudfront::1:distribution/E1"]}}}]}`,
			origin: []string{"distribution E1", "distribution E2"}, services: []string{"cloudfront.amazonaws.com"},
		},
		{
			policy: `{"Statement":[{"Effect":"Allow","Principal":{"Service":"cloudfront.amazonaws.com"}}]}`,
			origin: []string{"any distribution"}, services: []string{"cloudfront.amazonaws.com"},
		},
		{policy: `nonsense`},
		{policy: ``},
	} {
		if got := trusted(tt.policy); !slices.Equal(got, tt.services) {
			t.Errorf("%s: services %v", tt.policy, got)
		}
		if got := origins(tt.policy); !slices.Equal(got, tt.origin) {
			t.Errorf("%s: origins %v", tt.policy, got)
		}
	}
	if got := trusted("%7B%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B%22Service%22%3A%22a%2Bb%22%7D%7D%7D"); !slices.Equal(got, []string{"a+b"}) {
		t.Errorf("encoded: %v", got)
	}
}

// FuzzPolicy: whatever a policy holds, reading it ends, and gives the same for a policy and for what its JSON means.
func FuzzPolicy(f *testing.F) {
	f.Add(`{"Statement":[{"Effect":"Allow","Principal":{"Service":["cloudfront.amazonaws.com"]},"Condition":{"a":{"aws:SourceArn":"x/y"}}}]}`)
	f.Add(`{"Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E"}}}`)
	f.Add(`[[[`)
	f.Fuzz(func(t *testing.T, policy string) {
		got := origins(policy)
		if !slices.IsSorted(got) {
			t.Errorf("not sorted: %q", got)
		}
		var any map[string]any
		if json.Unmarshal([]byte(policy), &any) != nil && len(got) > 0 {
			t.Errorf("%q is no JSON object and has origins %q", policy, got)
		}
		trusted(policy)
	})
}
