package doctor

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"cordon/internal/permissions"
)

func TestRoutedWays(t *testing.T) {
	id := aws.String
	for _, tt := range []struct {
		name  string
		route ec2types.Route
		want  string
	}{
		{"NAT", ec2types.Route{NatGatewayId: id("nat-1")}, "NAT gateway nat-1"},
		{"NAT that is gone", ec2types.Route{NatGatewayId: id("nat-1"), State: ec2types.RouteStateBlackhole}, ""},
		{"egress only", ec2types.Route{EgressOnlyInternetGatewayId: id("eigw-1")}, "egress-only internet gateway eigw-1"},
		{"transit", ec2types.Route{TransitGatewayId: id("tgw-1")}, "transit gateway tgw-1"},
		{"firewall", ec2types.Route{GatewayId: id("vpce-1"), DestinationCidrBlock: id("0.0.0.0/0")}, "firewall endpoint vpce-1"},
		{"gateway endpoint", ec2types.Route{GatewayId: id("vpce-1"), DestinationPrefixListId: id("pl-1")}, ""},
		{"internet", ec2types.Route{GatewayId: id("igw-1")}, ""},
		{"local", ec2types.Route{GatewayId: id("local")}, ""},
		{"peering", ec2types.Route{VpcPeeringConnectionId: id("pcx-1")}, ""},
	} {
		got := strings.Join(routedWays(ec2types.RouteTable{Routes: []ec2types.Route{tt.route}}), ";")
		if !strings.HasPrefix(got, tt.want) || (got == "") != (tt.want == "") {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestChannel(t *testing.T) {
	endpoint := func(service string, kind ec2types.VpcEndpointType) ec2types.VpcEndpoint {
		return ec2types.VpcEndpoint{VpcId: aws.String("vpc-1"), ServiceName: aws.String("com.amazonaws.eu-west-1." + service), VpcEndpointType: kind}
	}
	const private = ec2types.VpcEndpointTypeInterface
	all := []ec2types.VpcEndpoint{
		endpoint("ssm", private), endpoint("ssmmessages", private), endpoint("ec2messages", private), endpoint("s3", ec2types.VpcEndpointTypeGateway),
	}
	for _, tt := range []struct {
		name string
		vpc  string
		have []ec2types.VpcEndpoint
		want Severity
	}{
		{"all", "vpc-1", all, OK},
		{"none", "vpc-1", nil, Note},
		{"another VPC's", "vpc-2", all, Note},
		{"S3 alone", "vpc-1", all[3:], Note},
		{"without S3", "vpc-1", all[:3], Warning},
	} {
		if got := channel(tt.vpc, "eu-west-1", tt.have); got.Severity != tt.want {
			t.Errorf("%s: %+v, want %s", tt.name, got, tt.want)
		}
	}
}

func TestGroupRoom(t *testing.T) {
	for n, want := range map[int]Severity{0: OK, 2450: OK, 2451: Warning, 9000: Warning} {
		if got := groupRoom(n, "eu-west-1"); got.Severity != want {
			t.Errorf("%d groups: %+v, want %s", n, got, want)
		}
	}
}

// TestRead takes IAM's answers in the forms that it has and had.
func TestRead(t *testing.T) {
	const allowed, implicit, explicit = iamtypes.PolicyEvaluationDecisionTypeAllowed, iamtypes.PolicyEvaluationDecisionTypeImplicitDeny, iamtypes.PolicyEvaluationDecisionTypeExplicitDeny
	for _, tt := range []struct {
		name string
		in   iamtypes.EvaluationResult
		want ruling
	}{
		{"allowed", iamtypes.EvaluationResult{EvalDecision: allowed, MissingContextValues: []string{"aws:x"}}, ruling{}},
		{"not allowed", iamtypes.EvaluationResult{EvalDecision: implicit}, ruling{denied: true}},
		{
			"denied by a policy",
			iamtypes.EvaluationResult{EvalDecision: explicit, MatchedStatements: []iamtypes.Statement{{SourcePolicyId: aws.String("Guard")}}},
			ruling{denied: true, because: "policy Guard denies it"},
		},
		{
			"by the organization",
			iamtypes.EvaluationResult{EvalDecision: implicit, OrganizationsDecisionDetail: &iamtypes.OrganizationsDecisionDetail{}},
			ruling{denied: true, because: "an organization's policy forbids it"},
		},
		{
			"by the boundary",
			iamtypes.EvaluationResult{EvalDecision: implicit, PermissionsBoundaryDecisionDetail: &iamtypes.PermissionsBoundaryDecisionDetail{}},
			ruling{denied: true, because: "the permissions boundary does not allow it"},
		},
		{
			"on one of two resources", iamtypes.EvaluationResult{EvalDecision: allowed, ResourceSpecificResults: []iamtypes.ResourceSpecificResult{
				{EvalResourceDecision: allowed}, {EvalResourceDecision: implicit, MissingContextValues: []string{"aws:x"}},
			}}, ruling{denied: true, missing: []string{"aws:x"}},
		},
	} {
		if got := read(tt.in); got.denied != tt.want.denied || got.because != tt.want.because || !slices.Equal(got.missing, tt.want.missing) {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
	once := ruling{}.worse(ruling{denied: true, because: "b"}).worse(ruling{})
	if !once.denied || once.because != "b" {
		t.Errorf("one denial of three is lost: %+v", once)
	}
}

func TestSamples(t *testing.T) {
	for pattern, want := range map[string]string{
		"*":                                "*",
		"arn:aws:ec2:*:1:instance/*":       "arn:aws:ec2:eu-west-1:1:instance/doctor-sample",
		"arn:aws:iam::*:role/member":       "arn:aws:iam::111122223333:role/member",
		"arn:aws:s3:::bucket/cordon/*":     "arn:aws:s3:::bucket/cordon/doctor-sample",
		"arn:aws:ssm:*::document/AWS-Run?": "arn:aws:ssm:eu-west-1::document/AWS-Runx",
	} {
		if got := sampleARN(pattern, "eu-west-1"); got != want {
			t.Errorf("%s: %s, want %s", pattern, got, want)
		}
	}
	got := sampleContext(permissions.Conditions{
		"Null":                      {"aws:TagKeys": {"false"}, "s3:if-none-match": {"false"}, "aws:absent": {"true"}},
		"StringLike":                {"aws:ResourceTag/cordon:case": {"?*"}},
		"ForAllValues:StringEquals": {"aws:TagKeys": {"a", "b"}},
	})
	want := map[string][]string{
		"aws:TagKeys": {"a", "b"}, "s3:if-none-match": {sampleName}, "aws:ResourceTag/cordon:case": {sampleName},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("context %v, want %v", got, want)
	}
}
