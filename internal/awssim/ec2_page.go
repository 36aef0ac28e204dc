package awssim

import (
	"github.com/aws/aws-sdk-go-v2/aws"
)

// paged cuts one page out of items, which are sorted by id. EC2 takes 5 to 1,000 results a page and refuses page
// parameters together with ids; without MaxResults everything is one page.
func paged[T any](items []T, id func(T) string, ids []string, size *int32, token *string) ([]T, *string, error) {
	if size != nil && len(ids) > 0 {
		return nil, nil, invalidCombination("The parameter MaxResults cannot be used with resource ids in the same request")
	}
	if size != nil && (*size < 5 || *size > 1000) {
		return nil, nil, apiError(400, "InvalidParameterValue",
			"Value ( %d ) for parameter maxResults is invalid. Expecting a value between 5 and 1000.", *size)
	}
	if badToken(aws.ToString(token)) {
		return nil, nil, apiError(400, "InvalidNextToken", "The specified NextToken is not valid.")
	}
	if size == nil && token == nil {
		return items, nil, nil
	}
	keys := make([]string, len(items))
	byID := make(map[string]T, len(items))
	for i, v := range items {
		keys[i] = id(v)
		byID[keys[i]] = v
	}
	page, next := pageAfter(keys, aws.ToString(token), pageSize(size, 1000, 1000))
	out := make([]T, len(page))
	for i, key := range page {
		out[i] = byID[key]
	}
	if next == "" {
		return out, nil, nil
	}
	return out, &next, nil
}
