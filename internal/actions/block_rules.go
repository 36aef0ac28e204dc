package actions

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"cordon/internal/action"
	"cordon/internal/cloud"
)

// naclRoom is AWS's default quota of rules in a network ACL, for each direction and address family, the final deny among
// them. https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html#vpc-limits-nacls
const naclRoom = 20

// denyWord begins the words for a rule of Cordon's; the block follows.
const denyWord = "deny "

// place is where a rule stands, as the states name it: "acl-… egress 99".
func place(acl string, egress bool, number int) string {
	direction := "ingress"
	if egress {
		direction = "egress"
	}
	return acl + " " + direction + " " + strconv.Itoa(number)
}

func parsePlace(at string) (acl string, egress bool, number int32) {
	f := strings.Fields(at)
	if len(f) != 3 {
		return at, false, 0
	}
	n, _ := strconv.ParseInt(f[2], 10, 32)
	return f[0], f[1] == "egress", int32(n)
}

// denyOf is the rule for an address, in words.
func denyOf(addr netip.Addr) string { return denyWord + netip.PrefixFrom(addr, addr.BitLen()).String() }

// entryWords is a rule in words: that of a deny of everything is denyOf's.
func entryWords(e ec2types.NetworkAclEntry) string {
	words := string(e.RuleAction) + " " + aws.ToString(e.CidrBlock) + aws.ToString(e.Ipv6CidrBlock)
	if p := aws.ToString(e.Protocol); p != "-1" {
		words += " protocol " + p
	}
	if e.PortRange != nil {
		words += fmt.Sprintf(" ports %d-%d", aws.ToInt32(e.PortRange.From), aws.ToInt32(e.PortRange.To))
	}
	return words
}

// planned is one network ACL's rules and those that are planned for it beside.
type planned struct {
	id      string
	entries []ec2types.NetworkAclEntry
	own     map[string]string // the case's own rules, in words by place
	spread  int               // how many free numbers are left out: others are after the same ones
}

// rules are those of one direction, by number.
func (p *planned) rules(egress bool) []ec2types.NetworkAclEntry {
	var out []ec2types.NetworkAclEntry
	for _, e := range p.entries {
		if aws.ToBool(e.Egress) == egress {
			out = append(out, e)
		}
	}
	slices.SortFunc(out, func(a, b ec2types.NetworkAclEntry) int {
		return cmp.Compare(aws.ToInt32(a.RuleNumber), aws.ToInt32(b.RuleNumber))
	})
	return out
}

// verdict is what the rules of one direction make of an address: the lowest rule that lets something of it through, 0 for
// none, and the rule that denies all of it before that, 0 for none. A deny of just this address that is not the case's own does
// not count, as it may be another case's and go with that: it is equal.
func (p *planned) verdict(egress bool, addr netip.Addr) (allow, deny, equal int) {
	for _, e := range p.rules(egress) {
		block, err := netip.ParsePrefix(aws.ToString(e.CidrBlock) + aws.ToString(e.Ipv6CidrBlock))
		if err != nil || !block.Contains(addr) {
			continue
		}
		number := int(aws.ToInt32(e.RuleNumber))
		switch {
		case e.RuleAction == ec2types.RuleActionAllow:
			return number, 0, equal
		case aws.ToString(e.Protocol) != "-1":
		case entryWords(e) == denyOf(addr) && p.own[place(p.id, egress, number)] != denyOf(addr):
			equal = cmp.Or(equal, number)
		default:
			return 0, number, equal
		}
	}
	return 0, 0, equal
}

// free is the highest number below a rule that none of that direction has, less the spread; 0 for none.
func (p *planned) free(egress bool, below int) (number int) {
	spread := p.spread
	for n := below - 1; n > 0 && spread >= 0; n-- {
		if !slices.ContainsFunc(p.entries, func(e ec2types.NetworkAclEntry) bool {
			return aws.ToBool(e.Egress) == egress && int(aws.ToInt32(e.RuleNumber)) == n
		}) {
			number = n
			spread--
		}
	}
	return number
}

// full says whether the quota leaves no room for another rule.
func (p *planned) full(egress bool, addr netip.Addr) bool {
	n := 0
	for _, e := range p.rules(egress) {
		if (e.CidrBlock != nil) == addr.Is4() {
			n++
		}
	}
	return n >= naclRoom
}

// add plans a deny.
func (p *planned) add(egress bool, number int, addr netip.Addr) {
	e := ec2types.NetworkAclEntry{
		Egress: aws.Bool(egress), RuleNumber: aws.Int32(int32(number)), Protocol: aws.String("-1"), RuleAction: ec2types.RuleActionDeny,
	}
	if block := netip.PrefixFrom(addr, addr.BitLen()).String(); addr.Is4() {
		e.CidrBlock = &block
	} else {
		e.Ipv6CidrBlock = &block
	}
	p.entries = append(p.entries, e)
}

// plan gives the rules that block an address both ways, by place; already is the rule that does so, and why what keeps it
// from being blocked. Both ways or not at all. through takes, by place, which rule lets it through as yet.
func (p *planned) plan(addr netip.Addr, through map[string]string) (rules map[string]string, already, why string) {
	numbers, allows := map[bool]int{}, map[bool]int{}
	for _, egress := range []bool{true, false} {
		allow, deny, equal := p.verdict(egress, addr)
		if allow == 0 {
			if already == "" && deny > 0 {
				already = place(p.id, egress, deny)
			}
			continue
		}
		number := p.free(egress, allow)
		switch {
		case equal > 0 && (number == 0 || p.full(egress, addr)):
			already = place(p.id, egress, equal)
			continue
		case p.full(egress, addr):
			return nil, "", fmt.Sprintf("%s is full (%d rules a direction)", p.id, naclRoom)
		case number == 0:
			return nil, "", fmt.Sprintf("no rule number is free below %s", place(p.id, egress, allow))
		}
		numbers[egress], allows[egress] = number, allow
	}
	rules = map[string]string{}
	for egress, number := range numbers {
		at := place(p.id, egress, number)
		rules[at] = denyOf(addr)
		through[at] = "rule " + strconv.Itoa(allows[egress]) + " lets it through"
		p.add(egress, number, addr)
	}
	return rules, already, ""
}

// createRule makes the rule of a place; words are denyOf's. What AWS says of a place that was never asked for before tells
// whose the rule there is, as long as nothing was sent twice.
func createRule(ctx context.Context, env *action.Env, at, words string, fresh bool) error {
	acl, egress, number := parsePlace(at)
	in := &ec2.CreateNetworkAclEntryInput{
		NetworkAclId: &acl, Egress: &egress, RuleNumber: &number, Protocol: aws.String("-1"), RuleAction: ec2types.RuleActionDeny,
	}
	if block := strings.TrimPrefix(words, denyWord); strings.Contains(block, ":") {
		in.Ipv6CidrBlock = &block
	} else {
		in.CidrBlock = &block
	}
	_, err := env.EC2.CreateNetworkAclEntry(ctx, in, once)
	if fresh && cloud.Is(err, "NetworkAclEntryAlreadyExists") {
		env.Disown(at)
	}
	if cloud.Temporary(err) {
		_, err = env.EC2.CreateNetworkAclEntry(ctx, in)
	}
	return err
}

// deleteRules deletes those of the rules that stand at their places as they were made, after reading them again.
func deleteRules(ctx context.Context, env *action.Env, rules map[string]string) error {
	acls, err := networkACLsByID(ctx, env, aclsOf(rules))
	if err != nil {
		return err
	}
	stand := standing(acls)
	return each(sortedKeys(rules), func(at string) error {
		if stand[at] != rules[at] || env.Disowned(at) {
			return nil
		}
		acl, egress, number := parsePlace(at)
		_, err := env.EC2.DeleteNetworkAclEntry(ctx, &ec2.DeleteNetworkAclEntryInput{NetworkAclId: &acl, Egress: &egress, RuleNumber: &number})
		return wrap("delete from network ACL", at, unless(err, "InvalidNetworkAclEntry.NotFound", "InvalidNetworkAclID.NotFound"))
	})
}
