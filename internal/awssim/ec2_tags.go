package awssim

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func registerTags(r registry) {
	ec2Write(r, createTags)
	ec2Write(r, deleteTags)
	ec2Read(r, describeTags)
}

// maxTags is how many tags a resource may have; those that begin with aws: do not count.
const maxTags = 50

func createTags(x *request, in *ec2.CreateTagsInput) (*ec2.CreateTagsOutput, error) {
	e := x.ec2()
	if err := e.taggable(in.Resources); err != nil {
		return nil, err
	}
	if len(in.Tags) == 0 {
		return nil, missingParameter("Tags")
	}
	tags, err := tagMap(in.Tags)
	if err != nil {
		return nil, err
	}
	for _, id := range in.Resources {
		if err := fits(e.Tags[id], tags); err != nil {
			return nil, err
		}
	}
	for _, id := range in.Resources {
		for k, v := range tags {
			e.setTag(id, k, v)
		}
	}
	return &ec2.CreateTagsOutput{}, nil
}

// deleteTags follows the API: a tag with a value goes only if the value is the same, no tags at all means every
// tag of the user's.
func deleteTags(x *request, in *ec2.DeleteTagsInput) (*ec2.DeleteTagsOutput, error) {
	e := x.ec2()
	if err := e.taggable(in.Resources); err != nil {
		return nil, err
	}
	for _, t := range in.Tags {
		if err := checkTagKey(aws.ToString(t.Key)); err != nil {
			return nil, err
		}
	}
	for _, id := range in.Resources {
		if len(in.Tags) == 0 {
			for _, key := range sortedKeys(e.Tags[id]) {
				if !reservedKey(key) {
					e.clearTag(id, key)
				}
			}
		}
		for _, t := range in.Tags {
			value, ok := e.Tags[id][aws.ToString(t.Key)]
			if ok && (t.Value == nil || *t.Value == value) {
				e.clearTag(id, *t.Key)
			}
		}
	}
	return &ec2.DeleteTagsOutput{}, nil
}

func describeTags(x *request, in *ec2.DescribeTagsInput) (*ec2.DescribeTagsOutput, error) {
	e := x.ec2()
	var all []ec2types.TagDescription
	for _, id := range sortedKeys(e.Tags) {
		for _, key := range sortedKeys(e.Tags[id]) {
			all = append(all, ec2types.TagDescription{
				ResourceId: aws.String(id), ResourceType: resourceType(id), Key: aws.String(key), Value: aws.String(e.Tags[id][key]),
			})
		}
	}
	known := fields[ec2types.TagDescription]{
		"key":           one(func(t ec2types.TagDescription) *string { return t.Key }),
		"value":         one(func(t ec2types.TagDescription) *string { return t.Value }),
		"resource-id":   one(func(t ec2types.TagDescription) *string { return t.ResourceId }),
		"resource-type": func(t ec2types.TagDescription) []string { return []string{string(t.ResourceType)} },
	}
	list, err := filtered(e, in.Filters, func(t ec2types.TagDescription) string { return *t.ResourceId }, known, all)
	if err != nil {
		return nil, err
	}
	id := func(t ec2types.TagDescription) string { return *t.ResourceId + "/" + *t.Key }
	slices.SortFunc(list, func(a, b ec2types.TagDescription) int { return strings.Compare(id(a), id(b)) })
	page, next, err := paged(list, id, nil, in.MaxResults, in.NextToken)
	return &ec2.DescribeTagsOutput{Tags: page, NextToken: next}, err
}

// taggable refuses ids that name nothing.
func (e *ec2State) taggable(ids []string) error {
	if len(ids) == 0 {
		return missingParameter("ResourceIds")
	}
	if len(ids) > 1000 {
		return apiError(400, "InvalidParameterValue", "A request can name at most 1000 resources")
	}
	for _, id := range ids {
		if err := e.exists(id); err != nil {
			return err
		}
	}
	return nil
}

// tagSet is a resource's tags as answers carry them, sorted by key.
func (e *ec2State) tagSet(id string) []ec2types.Tag {
	tags := e.Tags[id]
	out := make([]ec2types.Tag, 0, len(tags))
	for _, key := range sortedKeys(tags) {
		out = append(out, ec2types.Tag{Key: aws.String(key), Value: aws.String(tags[key])})
	}
	return out
}

// specTags are the tags that a creating call gives to resources of one type; other types must be in allowed.
func specTags(specs []ec2types.TagSpecification, of ec2types.ResourceType, allowed ...ec2types.ResourceType) (map[string]string, error) {
	out := map[string]string{}
	for _, spec := range specs {
		if spec.ResourceType != of && !slices.Contains(allowed, spec.ResourceType) {
			return nil, apiError(400, "InvalidParameterValue", "'%s' is not a valid taggable resource type for this operation.", spec.ResourceType)
		}
		tags, err := tagMap(spec.Tags)
		if err != nil {
			return nil, err
		}
		if err := fits(nil, tags); err != nil {
			return nil, err
		}
		if spec.ResourceType == of {
			for k, v := range tags {
				out[k] = v
			}
		}
	}
	return out, nil
}

// tagMap checks tags that a caller gives.
func tagMap(tags []ec2types.Tag) (map[string]string, error) {
	out := make(map[string]string, len(tags))
	for _, t := range tags {
		key, value := aws.ToString(t.Key), aws.ToString(t.Value)
		if err := checkTagKey(key); err != nil {
			return nil, err
		}
		if utf8.RuneCountInString(value) > 256 {
			return nil, apiError(400, "InvalidParameterValue", "Tag value exceeds the maximum length of 256 characters")
		}
		if _, dup := out[key]; dup {
			return nil, apiError(400, "InvalidParameterValue", "Duplicate tag key '%s' specified.", key)
		}
		out[key] = value
	}
	return out, nil
}

func checkTagKey(key string) error {
	switch {
	case key == "":
		return apiError(400, "InvalidParameterValue", "Tag key cannot be empty")
	case utf8.RuneCountInString(key) > 127:
		return apiError(400, "InvalidParameterValue", "Tag key exceeds the maximum length of 127 characters")
	case reservedKey(key):
		return apiError(400, "InvalidParameterValue", "Tag keys starting with 'aws:' are reserved for internal use")
	}
	return nil
}

func reservedKey(key string) bool { return strings.HasPrefix(strings.ToLower(key), "aws:") }

// fits refuses tags that would bring a resource over its limit.
func fits(have, add map[string]string) error {
	n := 0
	for key := range have {
		if _, replaced := add[key]; !replaced && !reservedKey(key) {
			n++
		}
	}
	if n+len(add) > maxTags {
		return apiError(400, "TagLimitExceeded", "The maximum number of Tags for a resource has been reached.")
	}
	return nil
}
