package awssim

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

func registerIAMSimulation(r registry) { read(r, "IAM", simulatePrincipalPolicy) }

var actionPattern = regexp.MustCompile(`^[A-Za-z0-9-]+:[A-Za-z0-9]+$`)

func invalidInput(format string, args ...any) error {
	return httpError(400, &iamtypes.InvalidInputException{Message: aws.String(fmt.Sprintf(format, args...))})
}

// simulatePrincipalPolicy evaluates the policies of a user or role: one result an action, and in it one a resource.
// The simulated IAM knows neither groups nor boundaries nor an organization's policies, and EvalResourceName is "*"
// where AWS gives the template of the action's ARNs.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
func simulatePrincipalPolicy(x *request, in *iam.SimulatePrincipalPolicyInput) (*iam.SimulatePrincipalPolicyOutput, error) {
	if in.ResourcePolicy != nil || len(in.PermissionsBoundaryPolicyInputList) > 0 || in.ResourceHandlingOption != nil {
		return nil, apiError(501, "UnsimulatedOperation", "SimulatePrincipalPolicy with a resource policy, a boundary or a resource handling option is not simulated")
	}
	policies, err := x.iamView().policiesOf(aws.ToString(in.PolicySourceArn), x.st.Account)
	if err != nil {
		return nil, err
	}
	for i, document := range in.PolicyInputList {
		if fault := policyFault(document, identityPolicy); fault != "" {
			return nil, invalidInput("%s", fault)
		}
		policies = append(policies, namedPolicy{ID: fmt.Sprintf("PolicyInputList.%d", i+1), Type: iamtypes.PolicySourceTypeNone, Document: document})
	}
	context := map[string][]string{}
	for _, e := range in.ContextEntries {
		context[strings.ToLower(aws.ToString(e.ContextKeyName))] = e.ContextKeyValues
	}
	if len(in.ActionNames) == 0 {
		return nil, validationError("1 validation error detected: Value at 'actionNames' failed to satisfy constraint: Member must not be empty")
	}
	keys, results := []string{}, map[string]iamtypes.EvaluationResult{}
	for i, action := range in.ActionNames {
		if len(action) < 3 || len(action) > 128 || !actionPattern.MatchString(action) {
			return nil, invalidInput("Invalid action name %q.", action)
		}
		key := fmt.Sprintf("%06d", i)
		keys = append(keys, key)
		results[key] = simulate(policies, action, in.ResourceArns, context)
	}
	page, marker, more, err := iamPage(keys, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iam.SimulatePrincipalPolicyOutput{Marker: marker, IsTruncated: more}
	for _, key := range page {
		out.EvaluationResults = append(out.EvaluationResults, results[key])
	}
	return out, nil
}

// simulate evaluates one action: the most restrictive decision over all resources, and each resource's own.
func simulate(policies []namedPolicy, action string, resources []string, context map[string][]string) iamtypes.EvaluationResult {
	out := iamtypes.EvaluationResult{EvalActionName: &action, EvalResourceName: aws.String("*")}
	rank := map[iamtypes.PolicyEvaluationDecisionType]int{
		iamtypes.PolicyEvaluationDecisionTypeAllowed: 1, iamtypes.PolicyEvaluationDecisionTypeImplicitDeny: 2, iamtypes.PolicyEvaluationDecisionTypeExplicitDeny: 3,
	}
	everything := len(resources) == 0 || slices.Equal(resources, []string{"*"})
	if everything {
		resources = []string{"*"}
	}
	for _, resource := range resources {
		r := evaluate(policies, action, resource, context)
		if rank[r.Decision] > rank[out.EvalDecision] {
			out.EvalDecision, out.MatchedStatements = r.Decision, r.Matched
		}
		out.MissingContextValues = append(out.MissingContextValues, r.Missing...)
		if !everything {
			out.ResourceSpecificResults = append(out.ResourceSpecificResults, iamtypes.ResourceSpecificResult{
				EvalResourceName: aws.String(resource), EvalResourceDecision: r.Decision, MatchedStatements: clone(r.Matched), MissingContextValues: r.Missing,
			})
		}
	}
	slices.Sort(out.MissingContextValues)
	out.MissingContextValues = slices.Compact(out.MissingContextValues)
	return out
}

// namedPolicy is a policy of a principal, as MatchedStatements name it.
type namedPolicy struct {
	ID, Document string
	Type         iamtypes.PolicySourceType
}

// policiesOf gives all policies of a user or role; anything else has none of its own.
func (d *iamData) policiesOf(arn, account string) ([]namedPolicy, error) {
	f := strings.SplitN(arn, ":", 6)
	if len(f) != 6 || f[0] != "arn" || f[2] != "iam" {
		return nil, invalidInput("Invalid Entity Arn: %s does not clearly define entity type and name.", arn)
	}
	kind, rest, _ := strings.Cut(f[5], "/")
	name := rest[strings.LastIndex(rest, "/")+1:]
	var (
		inline   map[string]string
		attached []string
		own      iamtypes.PolicySourceType
	)
	switch u, r := d.Users[name], d.Roles[name]; {
	case kind == "user" && u != nil && *u.User.Arn == arn:
		inline, attached, own = u.Inline, u.Attached, iamtypes.PolicySourceTypeUser
	case kind == "role" && r != nil && *r.Role.Arn == arn:
		inline, attached, own = r.Inline, r.Attached, iamtypes.PolicySourceTypeRole
	case kind == "user" || kind == "role" || kind == "group" || f[4] != account:
		return nil, noSuchEntity("The entity %s cannot be found.", cmp.Or(name, arn))
	default:
		return nil, invalidInput("Invalid Entity Arn: %s does not clearly define entity type and name.", arn)
	}
	var out []namedPolicy
	for _, n := range sortedKeys(inline) {
		out = append(out, namedPolicy{ID: kind + "_" + name + "_" + n, Document: inline[n], Type: own})
	}
	for _, a := range slices.Sorted(slices.Values(attached)) {
		p, err := d.managedDocument(a)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

// managedDocument is the default version of a managed policy.
func (d *iamData) managedDocument(arn string) (namedPolicy, error) {
	name := arn[strings.LastIndex(arn, "/")+1:]
	if p, ok := d.Policies[arn]; ok {
		return namedPolicy{ID: name, Document: p.Documents[aws.ToString(p.Policy.DefaultVersionId)], Type: iamtypes.PolicySourceTypeUserManaged}, nil
	}
	document, ok := managedDocuments[name]
	if !ok {
		return namedPolicy{}, apiError(501, "UnsimulatedOperation", "the document of the AWS managed policy %s is not simulated", name)
	}
	return namedPolicy{ID: name, Document: document, Type: iamtypes.PolicySourceTypeAwsManaged}, nil
}

// managedDocuments are the documents of those of awsManaged that are simulated (AWS Managed Policy Reference Guide).
var managedDocuments = map[string]string{
	"AdministratorAccess":         `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`,
	"AWSDenyAll":                  `{"Version":"2012-10-17","Statement":[{"Sid":"DenyAll","Effect":"Deny","Action":["*"],"Resource":"*"}]}`,
	"AmazonS3FullAccess":          `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*","s3-object-lambda:*"],"Resource":"*"}]}`,
	"AmazonS3ReadOnlyAccess":      `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:Get*","s3:List*","s3:Describe*","s3-object-lambda:Get*","s3-object-lambda:List*"],"Resource":"*"}]}`,
	"AWSLambdaBasicExecutionRole": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"],"Resource":"*"}]}`,
	"AmazonSSMManagedInstanceCore": `{"Version":"2012-10-17","Statement":[
{"Effect":"Allow","Action":["ssm:DescribeAssociation","ssm:GetDeployablePatchSnapshotForInstance","ssm:GetDocument","ssm:DescribeDocument","ssm:GetManifest","ssm:GetParameter","ssm:GetParameters","ssm:ListAssociations","ssm:ListInstanceAssociations","ssm:PutInventory","ssm:PutComplianceItems","ssm:PutConfigurePackageResult","ssm:UpdateAssociationStatus","ssm:UpdateInstanceAssociationStatus","ssm:UpdateInstanceInformation"],"Resource":"*"},
{"Effect":"Allow","Action":["ssmmessages:CreateControlChannel","ssmmessages:CreateDataChannel","ssmmessages:OpenControlChannel","ssmmessages:OpenDataChannel"],"Resource":"*"},
{"Effect":"Allow","Action":["ec2messages:AcknowledgeMessage","ec2messages:DeleteMessage","ec2messages:FailMessage","ec2messages:GetEndpoint","ec2messages:GetMessages","ec2messages:SendReply"],"Resource":"*"}]}`,
}
