package actions

import (
	"context"
	"hash/crc32"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"golang.org/x/sync/errgroup"

	"cordon/internal/action"
)

// blockState is the case's rules in network ACLs: a rule has neither a name nor tags, so it is known by where it stands
// and what it says. A rule at one of the case's places that says anything else is not the case's.
type blockState struct {
	Rules   map[string]string   `json:"rules"`             // the case's own that stand, in words by place
	Plan    map[string]string   `json:"plan,omitempty"`    // what is to stand, in words by place; not compared
	Fresh   []string            `json:"fresh,omitempty"`   // the places of Plan that nobody has asked AWS for yet; not compared
	Through map[string]string   `json:"through,omitempty"` // by Fresh place: the rule that lets the address through as yet; not compared
	Subnets map[string][]string `json:"subnets,omitempty"` // all that each network ACL rules; not compared
	Left    map[string]string   `json:"left,omitempty"`    // addresses that are not blocked, and why; not compared
	Already map[string]string   `json:"already,omitempty"` // addresses that a rule of somebody else's denies, and which; not compared
}

func observeBlock(ctx context.Context, env *action.Env, t blockRequest, known *blockState) (blockState, error) {
	s := blockState{Rules: map[string]string{}, Plan: map[string]string{}, Subnets: map[string][]string{}, Through: map[string]string{}, Already: map[string]string{}}
	var addresses []netip.Addr
	addresses, s.Left = candidates(t.Addresses, t.Never)
	if known == nil && len(addresses) == 0 {
		return s, action.Skipf("the findings name no address that can be blocked%s", because(s.Left))
	}
	interfaces, err := describeInterfaces(ctx, env, t.Target.ID)
	if err != nil {
		return s, err
	}
	if len(interfaces) == 0 && known == nil {
		if _, err := describeInstance(ctx, env, t.Target.ID); err != nil {
			return s, err
		}
		return s, errNoInterfaces
	}
	var acls []ec2types.NetworkAcl
	var net network
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) { acls, err = concernedACLs(gctx, env, interfaces, known); return err })
	if fresh := known.lacking(addresses); len(interfaces) > 0 && len(fresh) > 0 {
		vpcs := distinctOf(interfaces, func(n ec2types.NetworkInterface) *string { return n.VpcId })
		g.Go(func() (err error) { net, err = readNetwork(gctx, env, vpcs, fresh); return err })
	}
	if err := g.Wait(); err != nil {
		return s, err
	}
	stand := standing(acls)
	if known != nil {
		s.keep(env, *known, acls, stand)
		maps.DeleteFunc(s.Left, func(address, _ string) bool { // denied before ec2.never_block kept it
			addr, err := netip.ParseAddr(address)
			return err == nil && s.plans(addr)
		})
	}
	if len(interfaces) > 0 {
		s.plan(env, t, interfaces, acls, net, addresses)
	}
	for _, at := range sortedKeys(s.Plan) {
		switch {
		case known == nil || known.Plan[at] == "":
			s.Fresh = append(s.Fresh, at)
		case stand[at] == s.Plan[at]:
			s.Rules[at] = s.Plan[at]
		}
	}
	if known == nil && len(s.Plan)+len(s.Already) == 0 {
		return s, action.Skipf("nothing is to be blocked%s", because(s.Left))
	}
	return s, nil
}

// lacking lists those of the addresses that nothing is planned for yet: the others were looked at before.
func (s *blockState) lacking(addresses []netip.Addr) (out []netip.Addr) {
	for _, a := range addresses {
		if s == nil || !s.plans(a) {
			out = append(out, a)
		}
	}
	return out
}

func (s *blockState) plans(addr netip.Addr) bool {
	for _, words := range s.Plan {
		if words == denyOf(addr) {
			return true
		}
	}
	return false
}

// keep takes over what is planned already, less the places that somebody else's rule has taken and network ACLs that are
// gone.
func (s *blockState) keep(env *action.Env, known blockState, acls []ec2types.NetworkAcl, stand map[string]string) {
	for _, at := range sortedKeys(known.Plan) {
		acl, _, _ := parsePlace(at)
		exists := slices.ContainsFunc(acls, func(a ec2types.NetworkAcl) bool { return aws.ToString(a.NetworkAclId) == acl })
		switch words, taken := stand[at]; {
		case env.Disowned(at):
		case taken && words != known.Plan[at]:
			env.Note("rule %s is not Cordon's, and is left: %s", at, words)
		case exists:
			s.Plan[at] = known.Plan[at]
		}
	}
}

// plan adds the rules that are lacking in the network ACLs of the instance's subnets.
func (s *blockState) plan(env *action.Env, t blockRequest, interfaces []ec2types.NetworkInterface, acls []ec2types.NetworkAcl, net network, addresses []netip.Addr) {
	subnets := distinctOf(interfaces, func(n ec2types.NetworkInterface) *string { return n.SubnetId })
	for _, a := range acls {
		id := aws.ToString(a.NetworkAclId)
		ruled := []string{}
		for _, as := range a.Associations {
			ruled = append(ruled, aws.ToString(as.SubnetId))
		}
		slices.Sort(ruled)
		if !slices.ContainsFunc(ruled, func(subnet string) bool { return slices.Contains(subnets, subnet) }) {
			continue
		}
		s.Subnets[id] = ruled
		p := planned{id: id, entries: slices.Clone(a.Entries), own: s.Plan}
		if slices.ContainsFunc(sortedKeys(standing(acls)), env.Disowned) {
			p.spread = spreadOf(t.Case)
		}
		for _, at := range sortedKeys(s.Plan) { // those that AWS does not show yet
			if acl, egress, number := parsePlace(at); acl == id && p.number(egress, number) == nil {
				p.add(egress, int(number), netip.MustParsePrefix(strings.TrimPrefix(s.Plan[at], denyWord)).Addr())
			}
		}
		for _, addr := range addresses {
			why := ""
			if !s.plans(addr) {
				why = net.keeps(addr)
			}
			if owner := aws.ToString(a.OwnerId); why == "" && owner != "" && owner != t.Target.Account {
				why = "network ACL " + id + " belongs to account " + owner
			}
			rules, already := map[string]string{}, ""
			if why == "" {
				rules, already, why = p.plan(addr, s.Through)
			}
			maps.Copy(s.Plan, rules)
			if _, own := s.Plan[already]; why == "" && len(rules) == 0 && already != "" && !own {
				s.Already[addr.String()] = already
				env.Note("rule %s denies %s already, which is not of this case; it is open again when that rule goes", already, addr)
			}
			if why != "" {
				s.Left[addr.String()] = why
			}
		}
	}
}

// spreadOf differs between cases, so that those that were after one number are not after one number again.
func spreadOf(caseID string) int { return int(crc32.ChecksumIEEE([]byte(caseID)) % 16) }

func (p *planned) number(egress bool, number int32) *ec2types.NetworkAclEntry {
	for i, e := range p.entries {
		if aws.ToBool(e.Egress) == egress && aws.ToInt32(e.RuleNumber) == number {
			return &p.entries[i]
		}
	}
	return nil
}

// concernedACLs are the network ACLs of the instance's subnets and those that the case has rules in.
func concernedACLs(ctx context.Context, env *action.Env, interfaces []ec2types.NetworkInterface, known *blockState) ([]ec2types.NetworkAcl, error) {
	var mine, ours []ec2types.NetworkAcl
	g, ctx := errgroup.WithContext(ctx)
	if subnets := distinctOf(interfaces, func(n ec2types.NetworkInterface) *string { return n.SubnetId }); len(subnets) > 0 {
		g.Go(func() (err error) {
			mine, err = networkACLs(ctx, env, filter("association.subnet-id", subnets...))
			return err
		})
	}
	if known != nil && len(known.Plan) > 0 {
		g.Go(func() (err error) {
			ours, err = networkACLsByID(ctx, env, aclsOf(known.Plan))
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	for _, a := range ours {
		if !slices.ContainsFunc(mine, func(b ec2types.NetworkAcl) bool { return aws.ToString(a.NetworkAclId) == aws.ToString(b.NetworkAclId) }) {
			mine = append(mine, a)
		}
	}
	return mine, nil
}

func networkACLs(ctx context.Context, env *action.Env, by ec2types.Filter) (out []ec2types.NetworkAcl, err error) {
	pages := ec2.NewDescribeNetworkAclsPaginator(env.EC2, &ec2.DescribeNetworkAclsInput{Filters: []ec2types.Filter{by}})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, wrap("read network ACLs of", strings.Join(by.Values, ", "), err)
		}
		out = append(out, page.NetworkAcls...)
	}
	return out, nil
}

// networkACLsByID reads those of the network ACLs that are there still.
func networkACLsByID(ctx context.Context, env *action.Env, ids []string) (out []ec2types.NetworkAcl, err error) {
	var mu sync.Mutex
	err = each(ids, func(id string) error {
		page, err := env.EC2.DescribeNetworkAcls(ctx, &ec2.DescribeNetworkAclsInput{NetworkAclIds: []string{id}})
		if err != nil {
			return wrap("read network ACL", id, unless(err, "InvalidNetworkAclID.NotFound"))
		}
		mu.Lock()
		defer mu.Unlock()
		out = append(out, page.NetworkAcls...)
		return nil
	})
	return out, err
}

// standing is every rule of network ACLs, in words by place.
func standing(acls []ec2types.NetworkAcl) map[string]string {
	out := map[string]string{}
	for _, a := range acls {
		for _, e := range a.Entries {
			out[place(aws.ToString(a.NetworkAclId), aws.ToBool(e.Egress), int(aws.ToInt32(e.RuleNumber)))] = entryWords(e)
		}
	}
	return out
}

// aclsOf lists the network ACLs of places, sorted.
func aclsOf(places map[string]string) []string {
	set := map[string]bool{}
	for at := range places {
		acl, _, _ := parsePlace(at)
		set[acl] = true
	}
	return sortedKeys(set)
}

// distinctOf lists the values of a field, each once, sorted.
func distinctOf[T any](items []T, field func(T) *string) []string {
	set := map[string]bool{}
	for _, i := range items {
		if v := aws.ToString(field(i)); v != "" {
			set[v] = true
		}
	}
	return sortedKeys(set)
}

// because is the reasons in one sentence's end.
func because(left map[string]string) string {
	var text []string
	for _, a := range sortedKeys(left) {
		text = append(text, a+": "+left[a])
	}
	if len(text) == 0 {
		return ""
	}
	return ": " + strings.Join(text, "; ")
}
