package awssim

import (
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

func registerIAMRoles(r registry) {
	write(r, "IAM", createRole)
	write(r, "IAM", createServiceLinkedRole)
	read(r, "IAM", getRole)
	write(r, "IAM", deleteRole)
	read(r, "IAM", listRoles)
}

func createRole(x *request, in *iam.CreateRoleInput) (*iam.CreateRoleOutput, error) {
	if err := checkIAMName("roleName", in.RoleName, 64); err != nil {
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
	if strings.HasPrefix(path, "/aws-service-role/") || strings.HasPrefix(path, "/aws-reserved/") {
		return nil, validationError("The specified value for path is invalid. The path is reserved for roles of AWS.")
	}
	if d := aws.ToInt32(in.MaxSessionDuration); in.MaxSessionDuration != nil && (d < 3600 || d > 43200) {
		return nil, validationError("1 validation error detected: Value '%d' at 'maxSessionDuration' failed to satisfy constraint: Member must be between 3600 and 43200", d)
	}
	if err := checkPolicy(aws.ToString(in.AssumeRolePolicyDocument), trustPolicy); err != nil {
		return nil, err
	}
	if _, dup := x.iamWrite().Roles[*in.RoleName]; dup {
		return nil, entityExists("Role with name %s already exists.", *in.RoleName)
	}
	r := x.st.addRole(x.now, path, *in.RoleName, *in.AssumeRolePolicyDocument)
	r.Role.Description, r.Role.Tags = clone(in.Description), tags
	if in.MaxSessionDuration != nil {
		r.Role.MaxSessionDuration = clone(in.MaxSessionDuration)
	}
	return &iam.CreateRoleOutput{Role: new(shownRole(r, true))}, nil
}

// addRole makes a role without checks; the paths of AWS's own roles are allowed.
func (s *state) addRole(now time.Time, path, name, trust string) *iamRole {
	r := &iamRole{
		Role: iamtypes.Role{
			Arn:                      aws.String(s.arn("iam", "", "role"+path+name)),
			AssumeRolePolicyDocument: &trust,
			CreateDate:               aws.Time(now.Truncate(time.Second)),
			MaxSessionDuration:       aws.Int32(3600),
			Path:                     &path,
			RoleId:                   aws.String(s.uniqueID("AROA", 21)),
			RoleName:                 &name,
		},
		Inline: map[string]string{},
	}
	s.IAM.Now.Roles[name] = r
	return r
}

// serviceTrust is the trust policy that lets an AWS service, such as ec2.amazonaws.com, assume a role.
func serviceTrust(service string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"` + service + `"},"Action":"sts:AssumeRole"}]}`
}

// serviceRoleName is what the name of a service's role ends in.
func serviceRoleName(service string) string {
	switch service {
	case "autoscaling":
		return "AutoScaling"
	case "elasticloadbalancing":
		return "ElasticLoadBalancing"
	case "ssm":
		return "AmazonSSM"
	case "guardduty":
		return "AmazonGuardDuty"
	}
	return strings.ToUpper(service[:1]) + service[1:]
}

func createServiceLinkedRole(x *request, in *iam.CreateServiceLinkedRoleInput) (*iam.CreateServiceLinkedRoleOutput, error) {
	service, isService := strings.CutSuffix(aws.ToString(in.AWSServiceName), ".amazonaws.com")
	if !isService || !iamNamePattern.MatchString(service) {
		return nil, httpError(400, &iamtypes.InvalidInputException{Message: aws.String("Service role is not available for " + aws.ToString(in.AWSServiceName))})
	}
	name := "AWSServiceRoleFor" + serviceRoleName(service)
	if in.CustomSuffix != nil {
		name += "_" + *in.CustomSuffix
	}
	if err := checkIAMName("roleName", &name, 64); err != nil {
		return nil, err
	}
	if _, dup := x.iamWrite().Roles[name]; dup {
		return nil, httpError(400, &iamtypes.InvalidInputException{Message: aws.String("Service role name " + name + " has been taken in this account, please try a different suffix.")})
	}
	r := x.st.addRole(x.now, "/aws-service-role/"+*in.AWSServiceName+"/", name, serviceTrust(*in.AWSServiceName))
	r.Role.Description = clone(in.Description)
	return &iam.CreateServiceLinkedRoleOutput{Role: new(shownRole(r, true))}, nil
}

func getRole(x *request, in *iam.GetRoleInput) (*iam.GetRoleOutput, error) {
	r, err := x.iamView().role(in.RoleName)
	if err != nil {
		return nil, err
	}
	return &iam.GetRoleOutput{Role: new(shownRole(r, true))}, nil
}

func deleteRole(x *request, in *iam.DeleteRoleInput) (*iam.DeleteRoleOutput, error) {
	d := x.iamWrite()
	r, err := d.changeableRole(in.RoleName)
	switch {
	case err != nil:
		return nil, err
	case len(r.Attached) > 0:
		return nil, deleteConflict("Cannot delete entity, must detach all policies first.")
	case len(r.Inline) > 0:
		return nil, deleteConflict("Cannot delete entity, must delete policies first.")
	}
	for _, p := range d.Profiles {
		if p.Role == *in.RoleName {
			return nil, deleteConflict("Cannot delete entity, must remove roles from instance profile first.")
		}
	}
	delete(d.Roles, *in.RoleName)
	return &iam.DeleteRoleOutput{}, nil
}

func listRoles(x *request, in *iam.ListRolesInput) (*iam.ListRolesOutput, error) {
	d := x.iamView()
	names := namesUnder(d.Roles, in.PathPrefix, func(r *iamRole) *string { return r.Role.Path })
	page, marker, more, err := iamPage(names, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iam.ListRolesOutput{Roles: []iamtypes.Role{}, Marker: marker, IsTruncated: more}
	for _, n := range page {
		out.Roles = append(out.Roles, shownRole(d.Roles[n], false))
	}
	return out, nil
}
