package awssim

import (
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

func registerIAMProfiles(r registry) {
	write(r, "IAM", createInstanceProfile)
	read(r, "IAM", getInstanceProfile)
	write(r, "IAM", deleteInstanceProfile)
	write(r, "IAM", addRoleToInstanceProfile)
	write(r, "IAM", removeRoleFromInstanceProfile)
	read(r, "IAM", listInstanceProfiles)
	read(r, "IAM", listInstanceProfilesForRole)
}

func createInstanceProfile(x *request, in *iam.CreateInstanceProfileInput) (*iam.CreateInstanceProfileOutput, error) {
	if err := checkIAMName("instanceProfileName", in.InstanceProfileName, 128); err != nil {
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
	d := x.iamWrite()
	if _, dup := d.Profiles[*in.InstanceProfileName]; dup {
		return nil, entityExists("Instance Profile %s already exists.", *in.InstanceProfileName)
	}
	p := x.st.addProfile(x.now, path, *in.InstanceProfileName, "")
	p.Profile.Tags = tags
	return &iam.CreateInstanceProfileOutput{InstanceProfile: d.shown(p)}, nil
}

// addProfile makes an instance profile, with a role if one is named, without checks.
func (s *state) addProfile(now time.Time, path, name, role string) *iamProfile {
	p := &iamProfile{Role: role, Profile: iamtypes.InstanceProfile{
		Arn:                 aws.String(s.arn("iam", "", "instance-profile"+path+name)),
		CreateDate:          aws.Time(now.Truncate(time.Second)),
		InstanceProfileId:   aws.String(s.uniqueID("AIPA", 21)),
		InstanceProfileName: &name,
		Path:                &path,
	}}
	s.IAM.Now.Profiles[name] = p
	return p
}

func getInstanceProfile(x *request, in *iam.GetInstanceProfileInput) (*iam.GetInstanceProfileOutput, error) {
	d := x.iamView()
	p, err := d.profile(in.InstanceProfileName)
	if err != nil {
		return nil, err
	}
	return &iam.GetInstanceProfileOutput{InstanceProfile: d.shown(p)}, nil
}

func deleteInstanceProfile(x *request, in *iam.DeleteInstanceProfileInput) (*iam.DeleteInstanceProfileOutput, error) {
	d := x.iamWrite()
	p, err := d.profile(in.InstanceProfileName)
	if err != nil {
		return nil, err
	}
	if p.Role != "" {
		return nil, deleteConflict("Cannot delete entity, must remove roles from instance profile first.")
	}
	delete(d.Profiles, *in.InstanceProfileName)
	return &iam.DeleteInstanceProfileOutput{}, nil
}

func addRoleToInstanceProfile(x *request, in *iam.AddRoleToInstanceProfileInput) (*iam.AddRoleToInstanceProfileOutput, error) {
	d := x.iamWrite()
	p, err := d.profile(in.InstanceProfileName)
	if err != nil {
		return nil, err
	}
	r, err := d.changeableRole(in.RoleName)
	if err != nil {
		return nil, err
	}
	if p.Role != "" {
		return nil, limitExceeded("Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1")
	}
	p.Role = *r.Role.RoleName
	return &iam.AddRoleToInstanceProfileOutput{}, nil
}

func removeRoleFromInstanceProfile(x *request, in *iam.RemoveRoleFromInstanceProfileInput) (*iam.RemoveRoleFromInstanceProfileOutput, error) {
	d := x.iamWrite()
	p, err := d.profile(in.InstanceProfileName)
	if err != nil {
		return nil, err
	}
	if p.Role != aws.ToString(in.RoleName) {
		return nil, noSuchEntity("Role %s in Instance Profile %s cannot be found.", aws.ToString(in.RoleName), *in.InstanceProfileName)
	}
	p.Role = ""
	return &iam.RemoveRoleFromInstanceProfileOutput{}, nil
}

func listInstanceProfiles(x *request, in *iam.ListInstanceProfilesInput) (*iam.ListInstanceProfilesOutput, error) {
	d := x.iamView()
	names := namesUnder(d.Profiles, in.PathPrefix, func(p *iamProfile) *string { return p.Profile.Path })
	page, marker, more, err := iamPage(names, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	return &iam.ListInstanceProfilesOutput{InstanceProfiles: d.shownProfiles(page), Marker: marker, IsTruncated: more}, nil
}

func listInstanceProfilesForRole(x *request, in *iam.ListInstanceProfilesForRoleInput) (*iam.ListInstanceProfilesForRoleOutput, error) {
	d := x.iamView()
	if _, err := d.role(in.RoleName); err != nil {
		return nil, err
	}
	names := slices.DeleteFunc(sortedKeys(d.Profiles), func(n string) bool { return d.Profiles[n].Role != *in.RoleName })
	page, marker, more, err := iamPage(names, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	return &iam.ListInstanceProfilesForRoleOutput{InstanceProfiles: d.shownProfiles(page), Marker: marker, IsTruncated: more}, nil
}

func (d *iamData) shownProfiles(names []string) []iamtypes.InstanceProfile {
	out := []iamtypes.InstanceProfile{}
	for _, n := range names {
		out = append(out, *d.shown(d.Profiles[n]))
	}
	return out
}

// findInstanceProfile resolves what an EC2 call names as an instance's profile, with its role; the errors are EC2's.
func (s *state) findInstanceProfile(spec *ec2types.IamInstanceProfileSpecification) (*iamtypes.InstanceProfile, error) {
	d := &s.IAM.Now
	switch {
	case spec == nil || spec.Name == nil && spec.Arn == nil:
		return nil, apiError(400, "MissingParameter", "The request must contain the parameter IamInstanceProfile.Arn or IamInstanceProfile.Name")
	case spec.Name != nil && spec.Arn != nil:
		return nil, apiError(400, "InvalidParameterCombination", "The parameter 'iamInstanceProfile.name' may not be used in combination with 'iamInstanceProfile.arn'")
	case spec.Name != nil:
		if p, ok := d.Profiles[*spec.Name]; ok {
			return d.shown(p), nil
		}
		return nil, apiError(400, "InvalidParameterValue", "Value (%s) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name", *spec.Name)
	}
	for _, p := range d.Profiles {
		if aws.ToString(p.Profile.Arn) == *spec.Arn {
			return d.shown(p), nil
		}
	}
	return nil, apiError(400, "InvalidParameterValue", "Value (%s) for parameter iamInstanceProfile.arn is invalid. Invalid IAM Instance Profile ARN", *spec.Arn)
}
