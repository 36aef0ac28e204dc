package awssim

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func registerRules(r registry) {
	ec2Write(r, authorizeIngress)
	ec2Write(r, authorizeEgress)
	ec2Write(r, revokeIngress)
	ec2Write(r, revokeEgress)
	ec2Read(r, describeRules)
}

func authorizeIngress(x *request, in *ec2.AuthorizeSecurityGroupIngressInput) (*ec2.AuthorizeSecurityGroupIngressOutput, error) {
	perms := in.IpPermissions
	if len(perms) == 0 && in.IpProtocol != nil {
		perms = []ec2types.IpPermission{onePermission(in.IpProtocol, in.FromPort, in.ToPort, in.CidrIp)}
	}
	rules, err := x.authorize(in.GroupId, in.GroupName, perms, in.TagSpecifications, false)
	return &ec2.AuthorizeSecurityGroupIngressOutput{Return: aws.Bool(true), SecurityGroupRules: rules}, err
}

func authorizeEgress(x *request, in *ec2.AuthorizeSecurityGroupEgressInput) (*ec2.AuthorizeSecurityGroupEgressOutput, error) {
	rules, err := x.authorize(in.GroupId, nil, in.IpPermissions, in.TagSpecifications, true)
	return &ec2.AuthorizeSecurityGroupEgressOutput{Return: aws.Bool(true), SecurityGroupRules: rules}, err
}

// onePermission is the old way to name a single rule, by parameters of the call itself.
func onePermission(protocol *string, from, to *int32, cidr *string) ec2types.IpPermission {
	p := ec2types.IpPermission{IpProtocol: protocol, FromPort: from, ToPort: to}
	if cidr != nil {
		p.IpRanges = []ec2types.IpRange{{CidrIp: cidr}}
	}
	return p
}

func (x *request) authorize(id, name *string, perms []ec2types.IpPermission, specs []ec2types.TagSpecification, egress bool) ([]ec2types.SecurityGroupRule, error) {
	e := x.ec2()
	g, err := e.groupNamed(id, name)
	if err != nil {
		return nil, err
	}
	rules, err := x.rulesOf(g, perms, egress)
	if err != nil {
		return nil, err
	}
	tags, err := specTags(specs, ec2types.ResourceTypeSecurityGroupRule)
	if err != nil {
		return nil, err
	}
	for _, rule := range rules {
		if slices.ContainsFunc(g.Rules, func(r ec2types.SecurityGroupRule) bool { return ruleKey(r) == ruleKey(rule) }) {
			return nil, apiError(400, "InvalidPermission.Duplicate", "the specified rule \"%s\" already exists", ruleKey(rule))
		}
	}
	four, six := ruleCount(append(slices.Clone(g.Rules), rules...), egress)
	if four > maxRulesPerGroup || six > maxRulesPerGroup {
		return nil, apiError(400, "RulesPerSecurityGroupLimitExceeded", "The maximum number of rules per security group has been reached.")
	}
	out := make([]ec2types.SecurityGroupRule, 0, len(rules))
	for _, rule := range rules {
		made := x.st.addRule(g, rule)
		e.setTags(*made.SecurityGroupRuleId, tags)
		out = append(out, x.describeRule(made))
	}
	return out, nil
}

// ruleCount counts a direction's rules by address family; a rule with a group or a prefix list counts in both.
func ruleCount(rules []ec2types.SecurityGroupRule, egress bool) (four, six int) {
	for _, r := range rules {
		if *r.IsEgress != egress {
			continue
		}
		if r.CidrIpv6 == nil {
			four++
		}
		if r.CidrIpv4 == nil {
			six++
		}
	}
	return four, six
}

// addRule gives a rule its id and puts it into the group.
func (s *state) addRule(g *group, rule ec2types.SecurityGroupRule) ec2types.SecurityGroupRule {
	rule.SecurityGroupRuleId = aws.String(s.newID("sgr"))
	rule.GroupId, rule.GroupOwnerId = aws.String(g.ID), aws.String(s.Account)
	g.Rules = append(g.Rules, rule)
	return rule
}

func revokeIngress(x *request, in *ec2.RevokeSecurityGroupIngressInput) (*ec2.RevokeSecurityGroupIngressOutput, error) {
	perms := in.IpPermissions
	if len(perms) == 0 && in.IpProtocol != nil {
		perms = []ec2types.IpPermission{onePermission(in.IpProtocol, in.FromPort, in.ToPort, in.CidrIp)}
	}
	gone, unknown, err := x.revoke(in.GroupId, in.GroupName, perms, in.SecurityGroupRuleIds, false)
	return &ec2.RevokeSecurityGroupIngressOutput{
		Return: aws.Bool(true), RevokedSecurityGroupRules: gone, UnknownIpPermissions: unknown,
	}, err
}

func revokeEgress(x *request, in *ec2.RevokeSecurityGroupEgressInput) (*ec2.RevokeSecurityGroupEgressOutput, error) {
	gone, unknown, err := x.revoke(in.GroupId, nil, in.IpPermissions, in.SecurityGroupRuleIds, true)
	return &ec2.RevokeSecurityGroupEgressOutput{
		Return: aws.Bool(true), RevokedSecurityGroupRules: gone, UnknownIpPermissions: unknown,
	}, err
}

// revoke removes rules named by id or by content. A rule that is not there is an error, except in a default VPC,
// where EC2 gives it back as unknown.
func (x *request) revoke(id, name *string, perms []ec2types.IpPermission, ruleIDs []string, egress bool) ([]ec2types.RevokedSecurityGroupRule, []ec2types.IpPermission, error) {
	e := x.ec2()
	g, err := e.groupNamed(id, name)
	if err != nil {
		return nil, nil, err
	}
	if len(ruleIDs) > 0 && len(perms) > 0 {
		return nil, nil, invalidCombination("The parameter ipPermissions cannot be used with the parameter securityGroupRuleIds")
	}
	keys := map[string]bool{} // of the rules to remove
	for _, rid := range ruleIDs {
		if err := kindRule().check(rid); err != nil {
			return nil, nil, err
		}
		owner, rule, ok := e.ruleByID(rid)
		if !ok || owner.ID != g.ID || *rule.IsEgress != egress {
			return nil, nil, apiError(400, "InvalidSecurityGroupRuleId.NotFound", "The security group rule ID '%s' does not exist", rid)
		}
		keys[ruleKey(rule)] = true
	}
	var unknown []ec2types.IpPermission
	if len(ruleIDs) == 0 {
		rules, err := x.rulesOf(g, perms, egress)
		if err != nil {
			return nil, nil, err
		}
		for _, rule := range rules {
			if slices.ContainsFunc(g.Rules, func(r ec2types.SecurityGroupRule) bool { return ruleKey(r) == ruleKey(rule) }) {
				keys[ruleKey(rule)] = true
				continue
			}
			if v := e.VPCs[g.VPC]; v == nil || !aws.ToBool(v.IsDefault) {
				return nil, nil, apiError(400, "InvalidPermission.NotFound", "The specified rule does not exist in this security group.")
			}
			unknown = append(unknown, permissionOf(rule))
		}
	}
	var gone []ec2types.RevokedSecurityGroupRule
	g.Rules = slices.DeleteFunc(g.Rules, func(r ec2types.SecurityGroupRule) bool {
		if !keys[ruleKey(r)] {
			return false
		}
		e.forget(*r.SecurityGroupRuleId)
		gone = append(gone, revoked(r))
		return true
	})
	return gone, unknown, nil
}

func revoked(r ec2types.SecurityGroupRule) ec2types.RevokedSecurityGroupRule {
	r = clone(r)
	out := ec2types.RevokedSecurityGroupRule{
		SecurityGroupRuleId: r.SecurityGroupRuleId, GroupId: r.GroupId, IsEgress: r.IsEgress, IpProtocol: r.IpProtocol,
		FromPort: r.FromPort, ToPort: r.ToPort, CidrIpv4: r.CidrIpv4, CidrIpv6: r.CidrIpv6, PrefixListId: r.PrefixListId,
		Description: r.Description,
	}
	if r.ReferencedGroupInfo != nil {
		out.ReferencedGroupId = r.ReferencedGroupInfo.GroupId
	}
	return out
}

// ruleByID finds a rule in whichever group has it.
func (e *ec2State) ruleByID(id string) (*group, ec2types.SecurityGroupRule, bool) {
	for _, g := range e.Groups {
		for _, r := range g.Rules {
			if *r.SecurityGroupRuleId == id {
				return g, r, true
			}
		}
	}
	return nil, ec2types.SecurityGroupRule{}, false
}

func (x *request) describeRule(r ec2types.SecurityGroupRule) ec2types.SecurityGroupRule {
	out := clone(r)
	out.Tags = x.ec2().tagSet(*r.SecurityGroupRuleId)
	out.SecurityGroupRuleArn = aws.String(x.st.arn("ec2", x.Region, "security-group-rule/"+*r.SecurityGroupRuleId))
	return out
}

func describeRules(x *request, in *ec2.DescribeSecurityGroupRulesInput) (*ec2.DescribeSecurityGroupRulesOutput, error) {
	e := x.ec2()
	all := map[string]ec2types.SecurityGroupRule{}
	for _, g := range e.Groups {
		for _, r := range g.Rules {
			all[*r.SecurityGroupRuleId] = r
		}
	}
	list, err := selected(all, kindRule(), in.SecurityGroupRuleIds)
	if err != nil {
		return nil, err
	}
	id := func(r ec2types.SecurityGroupRule) string { return *r.SecurityGroupRuleId }
	list, err = filtered(e, in.Filters, id, fields[ec2types.SecurityGroupRule]{
		"group-id":               one(func(r ec2types.SecurityGroupRule) *string { return r.GroupId }),
		"security-group-rule-id": one(func(r ec2types.SecurityGroupRule) *string { return r.SecurityGroupRuleId }),
	}, list)
	if err != nil {
		return nil, err
	}
	page, next, err := paged(list, id, in.SecurityGroupRuleIds, in.MaxResults, in.NextToken)
	out := &ec2.DescribeSecurityGroupRulesOutput{NextToken: next}
	for _, r := range page {
		out.SecurityGroupRules = append(out.SecurityGroupRules, x.describeRule(r))
	}
	return out, err
}
