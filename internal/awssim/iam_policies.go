package awssim

import (
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

const managedPolicyLimit = 6144 // characters without white space

func registerIAMPolicies(r registry) {
	write(r, "IAM", createPolicy)
	read(r, "IAM", getPolicy)
	write(r, "IAM", deletePolicy)
	read(r, "IAM", listPolicies)
}

// awsManaged names the AWS managed policies that the simulated account knows.
var awsManaged = []string{
	"AWSDenyAll", "AdministratorAccess", "AmazonEC2ReadOnlyAccess", "AmazonS3FullAccess", "AmazonS3ReadOnlyAccess",
	"AmazonSSMManagedInstanceCore", "CloudWatchAgentServerPolicy", "ReadOnlyAccess", "SecurityAudit",
	"service-role/AWSLambdaBasicExecutionRole",
}

// managedName is the name of the managed policy that arn names, or an error where there is none.
func (d *iamData) managedName(arn *string) (string, error) {
	a := aws.ToString(arn)
	if p, ok := d.Policies[a]; ok {
		return aws.ToString(p.Policy.PolicyName), nil
	}
	if _, path, ok := strings.Cut(a, ":iam::aws:policy/"); ok && slices.Contains(awsManaged, path) {
		return path[strings.LastIndex(path, "/")+1:], nil
	}
	if len(a) < 20 || !strings.HasPrefix(a, "arn:") {
		return "", validationError("ARN %s is not valid.", a)
	}
	return "", noSuchEntity("Policy %s does not exist or is not attachable.", a)
}

func createPolicy(x *request, in *iam.CreatePolicyInput) (*iam.CreatePolicyOutput, error) {
	if err := checkIAMName("policyName", in.PolicyName, 128); err != nil {
		return nil, err
	}
	path, err := checkIAMPath(in.Path)
	if err != nil {
		return nil, err
	}
	tags, err := sortedTags(in.Tags)
	if err != nil {
		return nil, err
	}
	if err := checkManaged(in.PolicyDocument); err != nil {
		return nil, err
	}
	d := x.iamWrite()
	arn := x.st.arn("iam", "", "policy"+path+*in.PolicyName)
	for _, p := range d.Policies {
		if *p.Policy.PolicyName == *in.PolicyName {
			return nil, entityExists("A policy called %s already exists. Duplicate names are not allowed.", *in.PolicyName)
		}
	}
	now := x.now.Truncate(time.Second)
	p := &iamPolicy{Documents: map[string]string{"v1": *in.PolicyDocument}, Created: map[string]time.Time{"v1": now}, Next: 2}
	p.Policy = iamtypes.Policy{
		Arn: &arn, PolicyName: clone(in.PolicyName), Path: &path, PolicyId: aws.String(x.st.uniqueID("ANPA", 21)),
		CreateDate: &now, UpdateDate: &now, DefaultVersionId: aws.String("v1"), IsAttachable: true,
		Description: clone(in.Description), Tags: tags, PermissionsBoundaryUsageCount: aws.Int32(0),
	}
	d.Policies[arn] = p
	return &iam.CreatePolicyOutput{Policy: new(d.shownPolicy(p, true))}, nil
}

func checkManaged(document *string) error {
	if err := checkPolicy(aws.ToString(document), identityPolicy); err != nil {
		return err
	}
	if policySize(*document) > managedPolicyLimit {
		return limitExceeded("Cannot exceed quota for PolicySize: %d", managedPolicyLimit)
	}
	return nil
}

// shownPolicy is the policy with the number of its attachments; lists leave description and tags out.
func (d *iamData) shownPolicy(p *iamPolicy, full bool) iamtypes.Policy {
	out := clone(p.Policy)
	out.AttachmentCount = aws.Int32(int32(d.attachments(*out.Arn)))
	if !full {
		out.Description, out.Tags = nil, nil
	}
	return out
}

func (d *iamData) attachments(arn string) int {
	n := 0
	for _, u := range d.Users {
		if slices.Contains(u.Attached, arn) {
			n++
		}
	}
	for _, r := range d.Roles {
		if slices.Contains(r.Attached, arn) {
			n++
		}
	}
	return n
}

func getPolicy(x *request, in *iam.GetPolicyInput) (*iam.GetPolicyOutput, error) {
	d := x.iamView()
	p, err := d.policy(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	return &iam.GetPolicyOutput{Policy: new(d.shownPolicy(p, true))}, nil
}

func deletePolicy(x *request, in *iam.DeletePolicyInput) (*iam.DeletePolicyOutput, error) {
	d := x.iamWrite()
	p, err := d.policy(in.PolicyArn)
	switch {
	case err != nil:
		return nil, err
	case d.attachments(*in.PolicyArn) > 0:
		return nil, deleteConflict("Cannot delete a policy attached to entities.")
	case len(p.Documents) > 1:
		return nil, deleteConflict("This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.")
	}
	delete(d.Policies, *in.PolicyArn)
	return &iam.DeletePolicyOutput{}, nil
}

// listPolicies lists the account's own policies; of AWS's it knows names only and lists none.
func listPolicies(x *request, in *iam.ListPoliciesInput) (*iam.ListPoliciesOutput, error) {
	d := x.iamView()
	arns := []string{}
	for _, arn := range sortedKeys(d.Policies) {
		unused := in.OnlyAttached && d.attachments(arn) == 0
		if in.Scope != iamtypes.PolicyScopeTypeAws && !unused && strings.HasPrefix(*d.Policies[arn].Policy.Path, aws.ToString(in.PathPrefix)) {
			arns = append(arns, arn)
		}
	}
	page, marker, more, err := iamPage(arns, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iam.ListPoliciesOutput{Policies: []iamtypes.Policy{}, Marker: marker, IsTruncated: more}
	for _, arn := range page {
		out.Policies = append(out.Policies, d.shownPolicy(d.Policies[arn], false))
	}
	return out, nil
}
