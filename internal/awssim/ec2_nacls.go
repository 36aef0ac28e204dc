package awssim

import (
	"net/netip"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func registerNACLs(r registry) {
	ec2Read(r, describeNACLs)
	ec2Write(r, createNACLEntry)
	ec2Write(r, deleteNACLEntry)
}

// maxNACLEntries is the default quota of entries a direction and address family, the final deny included.
const maxNACLEntries = 20

// addNACL makes a VPC's default network ACL, which allows everything.
func (s *state) addNACL(r *region, id string, v *ec2types.Vpc) {
	acl := &ec2types.NetworkAcl{
		NetworkAclId: aws.String(id), VpcId: v.VpcId, OwnerId: aws.String(s.Account), IsDefault: aws.Bool(true),
	}
	for _, egress := range []bool{true, false} {
		acl.Entries = append(acl.Entries,
			naclEntry(100, egress, ec2types.RuleActionAllow, "0.0.0.0/0"), naclEntry(32767, egress, ec2types.RuleActionDeny, "0.0.0.0/0"))
		if len(v.Ipv6CidrBlockAssociationSet) > 0 {
			acl.Entries = append(acl.Entries,
				naclEntry(101, egress, ec2types.RuleActionAllow, "::/0"), naclEntry(32768, egress, ec2types.RuleActionDeny, "::/0"))
		}
	}
	sortEntries(acl)
	r.EC2.NACLs[id] = acl
}

func naclEntry(number int32, egress bool, action ec2types.RuleAction, cidr string) ec2types.NetworkAclEntry {
	e := ec2types.NetworkAclEntry{RuleNumber: aws.Int32(number), Egress: aws.Bool(egress), RuleAction: action, Protocol: aws.String("-1")}
	if netip.MustParsePrefix(cidr).Addr().Is4() {
		e.CidrBlock = aws.String(cidr)
	} else {
		e.Ipv6CidrBlock = aws.String(cidr)
	}
	return e
}

// sortEntries keeps egress before ingress and then by rule number, as EC2 shows them.
func sortEntries(acl *ec2types.NetworkAcl) {
	slices.SortFunc(acl.Entries, func(a, b ec2types.NetworkAclEntry) int {
		if *a.Egress != *b.Egress {
			if *a.Egress {
				return -1
			}
			return 1
		}
		return int(*a.RuleNumber - *b.RuleNumber)
	})
}

func (e *ec2State) defaultNACL(vpc string) *ec2types.NetworkAcl {
	for _, id := range sortedKeys(e.NACLs) {
		if acl := e.NACLs[id]; *acl.VpcId == vpc && *acl.IsDefault {
			return acl
		}
	}
	return nil
}

// naclOf is the network ACL of a subnet.
func (e *ec2State) naclOf(subnet string) *ec2types.NetworkAcl {
	for _, id := range sortedKeys(e.NACLs) {
		for _, a := range e.NACLs[id].Associations {
			if aws.ToString(a.SubnetId) == subnet {
				return e.NACLs[id]
			}
		}
	}
	return nil
}

func describeNACLs(x *request, in *ec2.DescribeNetworkAclsInput) (*ec2.DescribeNetworkAclsOutput, error) {
	e := x.ec2()
	list, err := selected(e.NACLs, kindNACL(), in.NetworkAclIds)
	if err != nil {
		return nil, err
	}
	id := func(a *ec2types.NetworkAcl) string { return *a.NetworkAclId }
	list, err = filtered(e, in.Filters, id, fields[*ec2types.NetworkAcl]{
		"network-acl-id": one(func(a *ec2types.NetworkAcl) *string { return a.NetworkAclId }),
		"vpc-id":         one(func(a *ec2types.NetworkAcl) *string { return a.VpcId }),
		"default":        func(a *ec2types.NetworkAcl) []string { return []string{boolText(*a.IsDefault)} },
		"association.subnet-id": func(a *ec2types.NetworkAcl) (out []string) {
			for _, as := range a.Associations {
				out = append(out, aws.ToString(as.SubnetId))
			}
			return out
		},
	}, list)
	if err != nil {
		return nil, err
	}
	page, next, err := paged(list, id, in.NetworkAclIds, in.MaxResults, in.NextToken)
	out := &ec2.DescribeNetworkAclsOutput{NextToken: next}
	for _, a := range page {
		shown := clone(*a)
		shown.Tags = e.tagSet(*a.NetworkAclId)
		out.NetworkAcls = append(out.NetworkAcls, shown)
	}
	return out, err
}

func createNACLEntry(x *request, in *ec2.CreateNetworkAclEntryInput) (*ec2.CreateNetworkAclEntryOutput, error) {
	acl, err := find(x.ec2().NACLs, kindNACL(), aws.ToString(in.NetworkAclId))
	if err != nil {
		return nil, err
	}
	entry, err := checkedEntry(in)
	if err != nil {
		return nil, err
	}
	same := 0
	for _, e := range acl.Entries {
		if *e.Egress != *entry.Egress {
			continue
		}
		if *e.RuleNumber == *entry.RuleNumber {
			return nil, apiError(400, "NetworkAclEntryAlreadyExists", "The network acl entry identified by %d already exists.", *entry.RuleNumber)
		}
		if (e.CidrBlock == nil) == (entry.CidrBlock == nil) {
			same++
		}
	}
	if same >= maxNACLEntries {
		return nil, apiError(400, "NetworkAclEntryLimitExceeded", "The maximum number of network acl entries has been reached.")
	}
	acl.Entries = append(acl.Entries, entry)
	sortEntries(acl)
	return &ec2.CreateNetworkAclEntryOutput{}, nil
}

// checkedEntry is the entry that a call asks for, in the form in which EC2 keeps it.
func checkedEntry(in *ec2.CreateNetworkAclEntryInput) (ec2types.NetworkAclEntry, error) {
	var none ec2types.NetworkAclEntry
	if *in.RuleNumber < 1 || *in.RuleNumber > 32766 {
		return none, invalidValue(strconv.Itoa(int(*in.RuleNumber)), "ruleNumber")
	}
	if in.RuleAction != ec2types.RuleActionAllow && in.RuleAction != ec2types.RuleActionDeny {
		return none, invalidValue(string(in.RuleAction), "ruleAction")
	}
	if (in.CidrBlock == nil) == (in.Ipv6CidrBlock == nil) {
		return none, missingParameter("cidrBlock")
	}
	cidr := aws.ToString(in.CidrBlock) + aws.ToString(in.Ipv6CidrBlock)
	p, err := netip.ParsePrefix(cidr)
	if err != nil || p.Addr().Is4() != (in.CidrBlock != nil) {
		return none, invalidValue(cidr, "cidrBlock")
	}
	number, ok := protocolNumber(*in.Protocol)
	if !ok {
		return none, invalidValue(*in.Protocol, "protocol")
	}
	entry := naclEntry(*in.RuleNumber, *in.Egress, in.RuleAction, p.Masked().String())
	entry.Protocol = aws.String(number)
	entry.IcmpTypeCode = clone(in.IcmpTypeCode)
	if number == "6" || number == "17" {
		entry.PortRange = clone(in.PortRange)
		return entry, checkPorts(in.PortRange)
	}
	return entry, nil
}

func checkPorts(r *ec2types.PortRange) error {
	if r == nil || r.From == nil || r.To == nil {
		return missingParameter("portRange")
	}
	if *r.From < 0 || *r.To > 65535 || *r.From > *r.To {
		return invalidValue(strconv.Itoa(int(*r.From))+"-"+strconv.Itoa(int(*r.To)), "portRange")
	}
	return nil
}

func deleteNACLEntry(x *request, in *ec2.DeleteNetworkAclEntryInput) (*ec2.DeleteNetworkAclEntryOutput, error) {
	acl, err := find(x.ec2().NACLs, kindNACL(), aws.ToString(in.NetworkAclId))
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(acl.Entries, func(e ec2types.NetworkAclEntry) bool {
		return *e.Egress == *in.Egress && *e.RuleNumber == *in.RuleNumber && *e.RuleNumber <= 32766
	})
	if i < 0 {
		return nil, apiError(400, "InvalidNetworkAclEntry.NotFound", "The network acl entry identified by %d does not exist", *in.RuleNumber)
	}
	acl.Entries = slices.Delete(acl.Entries, i, i+1)
	return &ec2.DeleteNetworkAclEntryOutput{}, nil
}
