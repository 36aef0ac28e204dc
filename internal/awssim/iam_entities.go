package awssim

import (
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

func (d *iamData) user(name *string) (*iamUser, error) {
	u, ok := d.Users[aws.ToString(name)]
	if !ok {
		return nil, noSuchEntity("The user with name %s cannot be found.", aws.ToString(name))
	}
	return u, nil
}

func (d *iamData) role(name *string) (*iamRole, error) {
	r, ok := d.Roles[aws.ToString(name)]
	if !ok {
		return nil, noSuchEntity("The role with name %s cannot be found.", aws.ToString(name))
	}
	return r, nil
}

// changeableRole is role for a write: AWS's own roles are refused.
func (d *iamData) changeableRole(name *string) (*iamRole, error) {
	r, err := d.role(name)
	if err != nil {
		return nil, err
	}
	if r.protected() {
		return nil, unmodifiable(aws.ToString(r.Role.RoleName))
	}
	return r, nil
}

// protected says whether only AWS may change the role: service-linked roles and those of IAM Identity Center.
func (r *iamRole) protected() bool {
	path := aws.ToString(r.Role.Path)
	return strings.HasPrefix(path, "/aws-service-role/") || strings.HasPrefix(path, "/aws-reserved/")
}

func (d *iamData) policy(arn *string) (*iamPolicy, error) {
	p, ok := d.Policies[aws.ToString(arn)]
	if !ok {
		return nil, noSuchEntity("Policy %s was not found.", aws.ToString(arn))
	}
	return p, nil
}

func (d *iamData) profile(name *string) (*iamProfile, error) {
	p, ok := d.Profiles[aws.ToString(name)]
	if !ok {
		return nil, noSuchEntity("Instance Profile %s cannot be found.", aws.ToString(name))
	}
	return p, nil
}

// shown is the profile with its role in it.
func (d *iamData) shown(p *iamProfile) *iamtypes.InstanceProfile {
	out := clone(p.Profile)
	out.Roles = []iamtypes.Role{}
	if r, ok := d.Roles[p.Role]; ok {
		out.Roles = append(out.Roles, shownRole(r, false))
	}
	return &out
}

// shownRole is the role as answers carry it, its trust policy URL-encoded; lists leave tags and last use out.
func shownRole(r *iamRole, full bool) iamtypes.Role {
	out := clone(r.Role)
	out.AssumeRolePolicyDocument = encodePolicy(aws.ToString(out.AssumeRolePolicyDocument))
	if !full {
		out.Tags, out.RoleLastUsed, out.PermissionsBoundary = nil, nil, nil
	} else if out.RoleLastUsed == nil {
		out.RoleLastUsed = &iamtypes.RoleLastUsed{}
	}
	return out
}

// namesUnder gives the names of the entities whose path begins with prefix, sorted.
func namesUnder[V any](all map[string]V, prefix *string, path func(V) *string) []string {
	return slices.Sorted(func(yield func(string) bool) {
		for name, v := range all {
			if strings.HasPrefix(aws.ToString(path(v)), aws.ToString(prefix)) && !yield(name) {
				return
			}
		}
	})
}

// sortedTags checks tags against IAM's limits and sorts them by key.
func sortedTags(tags []iamtypes.Tag) ([]iamtypes.Tag, error) {
	byKey := map[string]iamtypes.Tag{}
	for _, t := range tags {
		key := aws.ToString(t.Key)
		if key == "" || len(key) > 128 || len(aws.ToString(t.Value)) > 256 || strings.HasPrefix(strings.ToLower(key), "aws:") {
			return nil, validationError("1 validation error detected: tag %q does not satisfy the constraints of tag keys and values", key)
		}
		if _, dup := byKey[key]; dup {
			return nil, httpError(400, &iamtypes.InvalidInputException{Message: aws.String("Duplicate tag keys found. Please note that Tag keys are case insensitive.")})
		}
		byKey[key] = clone(t)
	}
	if len(byKey) > 50 {
		return nil, limitExceeded("Cannot exceed quota for TagsPerResource: 50")
	}
	var out []iamtypes.Tag
	for _, key := range slices.Sorted(maps.Keys(byKey)) {
		out = append(out, byKey[key])
	}
	return out, nil
}
