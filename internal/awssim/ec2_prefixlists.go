package awssim

import (
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// prefixList is one of the prefix lists that AWS manages in every Region.
type prefixList struct {
	ID, Name string
	CIDRs    []string
}

// prefixLists are a Region's AWS-managed prefix lists, sorted by id. Their blocks stand for the real, longer lists.
func prefixLists(region string) []prefixList {
	lists := []prefixList{
		{Name: "com.amazonaws." + region + ".s3", CIDRs: []string{"3.5.0.0/19", "52.216.0.0/15"}},
		{Name: "com.amazonaws." + region + ".dynamodb", CIDRs: []string{"52.94.0.0/22"}},
	}
	for i, l := range lists {
		sum := sha256.Sum256([]byte(l.Name))
		lists[i].ID = "pl-" + hex.EncodeToString(sum[:4])
	}
	slices.SortFunc(lists, func(a, b prefixList) int { return strings.Compare(a.ID, b.ID) })
	return lists
}

// prefixListHas says whether a Region's prefix list contains an address; known is false for an unknown list.
func prefixListHas(region, id string, addr netip.Addr) (has, known bool) {
	for _, l := range prefixLists(region) {
		if l.ID != id {
			continue
		}
		for _, c := range l.CIDRs {
			has = has || netip.MustParsePrefix(c).Contains(addr)
		}
		return has, true
	}
	return false, false
}

// choosePrefixLists selects by ids and filters.
func (x *request) choosePrefixLists(ids []string, filters []ec2types.Filter, known fields[prefixList]) ([]prefixList, error) {
	all := prefixLists(x.Region)
	for _, id := range ids {
		if !slices.ContainsFunc(all, func(l prefixList) bool { return l.ID == id }) {
			return nil, apiError(400, "InvalidPrefixListID.NotFound", "The prefix list ID '%s' does not exist", id)
		}
	}
	if len(ids) > 0 {
		all = slices.DeleteFunc(all, func(l prefixList) bool { return !slices.Contains(ids, l.ID) })
	}
	known["prefix-list-id"] = one(func(l prefixList) *string { return &l.ID })
	known["prefix-list-name"] = one(func(l prefixList) *string { return &l.Name })
	return filtered(x.ec2(), filters, prefixListID, known, all)
}

func prefixListID(l prefixList) string { return l.ID }

func describePrefixLists(x *request, in *ec2.DescribePrefixListsInput) (*ec2.DescribePrefixListsOutput, error) {
	list, err := x.choosePrefixLists(in.PrefixListIds, in.Filters, fields[prefixList]{})
	if err != nil {
		return nil, err
	}
	page, next, err := paged(list, prefixListID, nil, in.MaxResults, in.NextToken)
	out := &ec2.DescribePrefixListsOutput{NextToken: next}
	for _, l := range page {
		out.PrefixLists = append(out.PrefixLists, ec2types.PrefixList{
			PrefixListId: aws.String(l.ID), PrefixListName: aws.String(l.Name), Cidrs: l.CIDRs,
		})
	}
	return out, err
}

func describeManagedPrefixLists(x *request, in *ec2.DescribeManagedPrefixListsInput) (*ec2.DescribeManagedPrefixListsOutput, error) {
	owner := fields[prefixList]{"owner-id": func(prefixList) []string { return []string{"AWS"} }}
	list, err := x.choosePrefixLists(in.PrefixListIds, in.Filters, owner)
	if err != nil {
		return nil, err
	}
	page, next, err := paged(list, prefixListID, nil, in.MaxResults, in.NextToken)
	out := &ec2.DescribeManagedPrefixListsOutput{NextToken: next}
	for _, l := range page {
		out.PrefixLists = append(out.PrefixLists, ec2types.ManagedPrefixList{
			PrefixListId: aws.String(l.ID), PrefixListName: aws.String(l.Name), OwnerId: aws.String("AWS"),
			AddressFamily: aws.String("IPv4"), State: ec2types.PrefixListStateCreateComplete,
			PrefixListArn: aws.String("arn:" + x.st.Partition + ":ec2:" + x.Region + ":aws:prefix-list/" + l.ID),
		})
	}
	return out, err
}
