package awssim

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func registerGroups(r registry) {
	ec2Write(r, createGroup)
	ec2Write(r, deleteGroup)
	ec2Read(r, describeGroups)
}

// Default quotas of security groups (Amazon VPC quotas page).
const (
	maxGroups             = 2500 // a Region
	maxGroupsPerInterface = 5
	maxRulesPerGroup      = 60 // a direction and address family
)

func createGroup(x *request, in *ec2.CreateSecurityGroupInput) (*ec2.CreateSecurityGroupOutput, error) {
	e := x.ec2()
	name, description := aws.ToString(in.GroupName), aws.ToString(in.Description)
	if err := checkGroupText(name, "groupName"); err != nil {
		return nil, err
	}
	if err := checkGroupText(description, "groupDescription"); err != nil {
		return nil, err
	}
	if strings.HasPrefix(strings.ToLower(name), "sg-") {
		return nil, apiError(400, "InvalidParameterValue", "Value (%s) for parameter GroupName is invalid. Group names may not be in the format sg-*.", name)
	}
	if in.VpcId == nil {
		return nil, apiError(400, "VPCIdNotSpecified", "No default VPC for this user")
	}
	v, err := find(e.VPCs, kindVPC(), *in.VpcId)
	if err != nil {
		return nil, err
	}
	if strings.EqualFold(name, "default") {
		return nil, apiError(400, "InvalidGroup.Reserved", "The security group name '%s' is reserved", name)
	}
	tags, err := specTags(in.TagSpecifications, ec2types.ResourceTypeSecurityGroup)
	if err != nil {
		return nil, err
	}
	for _, g := range e.Groups {
		if g.VPC == *v.VpcId && strings.EqualFold(g.Name, name) {
			return nil, apiError(400, "InvalidGroup.Duplicate", "The security group '%s' already exists for VPC '%s'", name, g.VPC)
		}
	}
	if len(e.Groups) >= maxGroups {
		return nil, apiError(400, "SecurityGroupLimitExceeded", "The maximum number of security groups has been reached.")
	}
	g := x.st.addGroup(x.region(), x.st.newID("sg"), name, description, v)
	e.setTags(g.ID, tags)
	return &ec2.CreateSecurityGroupOutput{
		GroupId: aws.String(g.ID), Tags: e.tagSet(g.ID), SecurityGroupArn: aws.String(x.st.groupARN(x.Region, g.ID)),
	}, nil
}

// checkGroupText checks a group's name or description: 1 to 255 characters of the set that VPC groups allow.
func checkGroupText(s, parameter string) error {
	if s == "" {
		return missingParameter(parameter)
	}
	if utf8.RuneCountInString(s) > 255 {
		return apiError(400, "InvalidParameterValue", "Value for parameter %s is invalid. Character count must be at most 255.", parameter)
	}
	if i := strings.IndexFunc(s, func(c rune) bool {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		return !letter && !strings.ContainsRune(" ._-:/()#,@[]+=&;{}!$*", c)
	}); i >= 0 {
		return apiError(400, "InvalidParameterValue",
			"Value (%s) for parameter %s is invalid. Character sets beyond ASCII are not supported.", s, parameter)
	}
	return nil
}

func (s *state) groupARN(region, id string) string { return s.arn("ec2", region, "security-group/"+id) }

// addGroup makes a group with the egress rules that AWS gives it: everything, over the VPC's address families.
func (s *state) addGroup(r *region, id, name, description string, v *ec2types.Vpc) *group {
	g := &group{ID: id, Name: name, Description: description, VPC: *v.VpcId}
	out := ec2types.SecurityGroupRule{
		IsEgress: aws.Bool(true), IpProtocol: aws.String("-1"), FromPort: aws.Int32(-1), ToPort: aws.Int32(-1),
	}
	four, six := out, out
	four.CidrIpv4 = aws.String("0.0.0.0/0")
	s.addRule(g, four)
	if len(v.Ipv6CidrBlockAssociationSet) > 0 {
		six.CidrIpv6 = aws.String("::/0")
		s.addRule(g, six)
	}
	r.EC2.Groups[id] = g
	return g
}

func deleteGroup(x *request, in *ec2.DeleteSecurityGroupInput) (*ec2.DeleteSecurityGroupOutput, error) {
	e := x.ec2()
	g, err := e.groupNamed(in.GroupId, in.GroupName)
	if err != nil {
		return nil, err
	}
	if g.Name == "default" {
		return nil, apiError(400, "CannotDelete", "the specified group: %q name: %q cannot be deleted by a user", g.ID, g.Name)
	}
	if e.groupInUse(g.ID) {
		return nil, apiError(400, "DependencyViolation", "resource %s has a dependent object", g.ID)
	}
	for _, rule := range g.Rules {
		e.forget(*rule.SecurityGroupRuleId)
	}
	delete(e.Groups, g.ID)
	e.forget(g.ID)
	return &ec2.DeleteSecurityGroupOutput{GroupId: aws.String(g.ID), Return: aws.Bool(true)}, nil
}

// groupNamed finds a group by its id, or by its name in the default VPC.
func (e *ec2State) groupNamed(id, name *string) (*group, error) {
	if id != nil {
		return find(e.Groups, kindGroup(), *id)
	}
	if name == nil {
		return nil, apiError(400, "MissingParameter", "The request must contain the parameter groupName or groupId")
	}
	for _, key := range sortedKeys(e.Groups) {
		g := e.Groups[key]
		if v, ok := e.VPCs[g.VPC]; ok && aws.ToBool(v.IsDefault) && g.Name == *name {
			return g, nil
		}
	}
	return nil, apiError(400, "InvalidGroup.NotFound", "The security group '%s' does not exist", *name)
}

// groupInUse says whether an interface or another group's rule refers to the group.
func (e *ec2State) groupInUse(id string) bool {
	for _, ni := range e.Interfaces {
		for _, g := range ni.Groups {
			if *g.GroupId == id {
				return true
			}
		}
	}
	for _, g := range e.Groups {
		if g.ID != id && slices.ContainsFunc(g.Rules, func(r ec2types.SecurityGroupRule) bool {
			return r.ReferencedGroupInfo != nil && aws.ToString(r.ReferencedGroupInfo.GroupId) == id
		}) {
			return true
		}
	}
	return false
}

// groupsOf checks the groups that an interface in a VPC is to have, and gives them as answers name them, sorted by
// id. No ids means the VPC's default group.
func (e *ec2State) groupsOf(vpc string, ids []string) ([]ec2types.GroupIdentifier, error) {
	if len(ids) == 0 {
		for _, id := range sortedKeys(e.Groups) {
			if g := e.Groups[id]; g.VPC == vpc && g.Name == "default" {
				ids = []string{id}
			}
		}
	}
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	if len(ids) > maxGroupsPerInterface {
		return nil, apiError(400, "SecurityGroupsPerInterfaceLimitExceeded", "The maximum number of security groups per interface has been reached.")
	}
	out := make([]ec2types.GroupIdentifier, 0, len(ids))
	for _, id := range ids {
		g, err := find(e.Groups, kindGroup(), id)
		if err != nil {
			return nil, err
		}
		if g.VPC != vpc {
			return nil, apiError(400, "InvalidGroup.NotFound", "You have specified two resources that belong to different networks: %s, %s", id, vpc)
		}
		out = append(out, ec2types.GroupIdentifier{GroupId: aws.String(g.ID), GroupName: aws.String(g.Name)})
	}
	return out, nil
}

func describeGroups(x *request, in *ec2.DescribeSecurityGroupsInput) (*ec2.DescribeSecurityGroupsOutput, error) {
	e := x.ec2()
	list, err := selected(e.Groups, kindGroup(), in.GroupIds)
	if err != nil {
		return nil, err
	}
	if len(in.GroupNames) > 0 {
		byName := map[string]*group{}
		for _, name := range in.GroupNames {
			g, err := e.groupNamed(nil, &name)
			if err != nil {
				return nil, err
			}
			byName[g.ID] = g
		}
		list = slices.DeleteFunc(list, func(g *group) bool { return byName[g.ID] == nil })
	}
	id := func(g *group) string { return g.ID }
	list, err = filtered(e, in.Filters, id, fields[*group]{
		"group-id":    one(func(g *group) *string { return &g.ID }),
		"group-name":  one(func(g *group) *string { return &g.Name }),
		"description": one(func(g *group) *string { return &g.Description }),
		"vpc-id":      one(func(g *group) *string { return &g.VPC }),
		"owner-id":    func(*group) []string { return []string{x.st.Account} },
		"ip-permission.group-id": func(g *group) (out []string) {
			for _, r := range g.Rules {
				if r.ReferencedGroupInfo != nil && !*r.IsEgress {
					out = append(out, *r.ReferencedGroupInfo.GroupId)
				}
			}
			return out
		},
	}, list)
	if err != nil {
		return nil, err
	}
	page, next, err := paged(list, id, append(slices.Clone(in.GroupIds), in.GroupNames...), in.MaxResults, in.NextToken)
	out := &ec2.DescribeSecurityGroupsOutput{NextToken: next}
	for _, g := range page {
		out.SecurityGroups = append(out.SecurityGroups, ec2types.SecurityGroup{
			GroupId: aws.String(g.ID), GroupName: aws.String(g.Name), Description: aws.String(g.Description),
			VpcId: aws.String(g.VPC), OwnerId: aws.String(x.st.Account), Tags: e.tagSet(g.ID),
			SecurityGroupArn: aws.String(x.st.groupARN(x.Region, g.ID)),
			IpPermissions:    permissions(g, false), IpPermissionsEgress: permissions(g, true),
		})
	}
	return out, err
}
