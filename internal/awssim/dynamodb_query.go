package awssim

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// keyCondition reads a KeyConditionExpression: the partition key equals a value, and a condition on the sort key.
func (p *placeholders) keyCondition(k dynamoSchema, expression *string) (condition, error) {
	if expression == nil {
		return nil, dynamoInvalid("Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.")
	}
	r := p.parser("KeyConditionExpression", *expression)
	seen := map[string]bool{}
	c := r.keyPart(k, seen)
	if r.is("AND") {
		one, two := c, r.keyPart(k, seen)
		c = func(i dynamoItem) bool { return one(i) && two(i) }
	}
	if err := r.end(); err != nil {
		return nil, err
	}
	if !seen[k.Partition] {
		return nil, dynamoInvalid("Query condition missed key schema element: %s", k.Partition)
	}
	return c, nil
}

// keyPart reads the condition on one key attribute.
func (r *parser) keyPart(k dynamoSchema, seen map[string]bool) condition {
	if r.is("(") {
		c := r.keyPart(k, seen)
		r.want(")")
		return c
	}
	if r.is("begins_with") {
		r.want("(")
		name := r.keyName(k, seen, false)
		r.want(",")
		v := r.value()
		r.want(")")
		return func(i dynamoItem) bool { return beginsWith(i[name], v) }
	}
	sign := ""
	if len(r.tokens) > 1 {
		sign = r.tokens[1]
	}
	name := r.keyName(k, seen, sign == "=")
	if r.is("BETWEEN") {
		low := r.value()
		r.want("AND")
		high := r.value()
		return func(i dynamoItem) bool { return compares(">=", i[name], low) && compares("<=", i[name], high) }
	}
	if !slices.Contains([]string{"=", "<", "<=", ">", ">="}, r.next()) {
		r.fail(fmt.Sprintf("Syntax error; token: %q", sign))
	}
	v := r.value()
	return func(i dynamoItem) bool { return compares(sign, i[name], v) }
}

func (r *parser) keyName(k dynamoSchema, seen map[string]bool, equality bool) string {
	name := r.path()
	switch {
	case r.err != nil:
	case name == k.Partition && !equality:
		r.err = dynamoInvalid("Query key condition not supported")
	case !slices.Contains(k.names(), name):
		r.err = dynamoInvalid("Query condition missed key schema element: %s", strings.Join(k.names(), ", "))
	case seen[name]:
		r.fail("KeyConditionExpressions must only contain one condition per key")
	}
	seen[name] = true
	return name
}

func queryTable(x *request, in *dynamodb.QueryInput) (*dynamodb.QueryOutput, error) {
	t, err := x.dynamoTable(in.TableName)
	if err != nil {
		return nil, err
	}
	k := t.Key
	var index *dynamoIndex
	if in.IndexName != nil {
		if index = t.Indexes[*in.IndexName]; index == nil {
			return nil, dynamoInvalid("The table does not have the specified index: %s", *in.IndexName)
		}
		k = index.Key
	}
	switch {
	case in.FilterExpression != nil, len(in.KeyConditions)+len(in.QueryFilter)+len(in.AttributesToGet) > 0,
		in.Select != "" && in.Select != types.SelectAllAttributes:
		return nil, unsimulatedDynamo("a filter, a selection or a parameter of old in Query")
	case index != nil && aws.ToBool(in.ConsistentRead):
		return nil, dynamoInvalid("Consistent reads are not supported on global secondary indexes")
	case index != nil && in.Select == types.SelectAllAttributes && index.Projection.ProjectionType != types.ProjectionTypeAll:
		return nil, dynamoInvalid("One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global secondary index %s because its projection type is not ALL", *in.IndexName)
	case in.Limit != nil && *in.Limit < 1:
		return nil, dynamoInvalid("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1", *in.Limit)
	}
	p := newPlaceholders(in.ExpressionAttributeNames, in.ExpressionAttributeValues)
	chosen, err := p.keyCondition(k, in.KeyConditionExpression)
	if err != nil {
		return nil, err
	}
	names, err := p.projection(in.ProjectionExpression)
	if err == nil {
		err = p.finish()
	}
	if err != nil {
		return nil, err
	}
	items := t.sortedItems(k.Sort, func(i dynamoItem) bool { return (index == nil || index.has(i)) && chosen(i) })
	backward := in.ScanIndexForward != nil && !*in.ScanIndexForward
	if backward {
		slices.Reverse(items)
	}
	if items, err = t.after(items, k, index != nil, in.ExclusiveStartKey, backward); err != nil {
		return nil, err
	}
	out := &dynamodb.QueryOutput{Items: []map[string]types.AttributeValue{}}
	size := 0
	for _, i := range items {
		shown := i
		if index != nil {
			shown = index.shows(t, i)
		}
		size += shown.size()
		if names != nil {
			shown = shown.only(names)
		}
		out.Items = append(out.Items, shown.cloned())
		if in.Limit != nil && len(out.Items) == int(*in.Limit) || size >= maxDynamoPage {
			out.LastEvaluatedKey = i.only(append(t.Key.names(), k.names()...)).cloned()
			break
		}
	}
	out.Count = int32(len(out.Items))
	out.ScannedCount = out.Count
	return out, nil
}

// after gives the items that come after the one that a page ended with, which may be gone by now.
func (t *dynamoTable) after(items []dynamoItem, k dynamoSchema, index bool, start dynamoItem, backward bool) ([]dynamoItem, error) {
	if len(start) == 0 {
		return items, nil
	}
	names := t.Key.names()
	if index {
		names = append(names, k.names()...)
	}
	if len(start) != len(names) || len(start.only(names)) != len(names) {
		return nil, dynamoInvalid("The provided starting key is invalid")
	}
	for n, i := range items {
		order := t.compareItems(k.Sort, i, start)
		if order > 0 && !backward || order < 0 && backward {
			return items[n:], nil
		}
	}
	return nil, nil
}
